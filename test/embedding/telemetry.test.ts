import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { pathToFileURL } from "node:url";
import { BUILT_IN_DIR } from "../../src/embedding/directory.ts";

const root = join(import.meta.dirname, "../..");
const addressOf = (path: string) => JSON.stringify(pathToFileURL(join(root, path)).href);
const GRAPH = JSON.stringify(join(BUILT_IN_DIR, "static-384-8k/model_int8.onnx"));

// The runtime keeps what it has to report, and a number for this machine, in the home directory.
function filesLeftBy(t: TestContext, program: string): string[] {
  const home = mkdtempSync(join(tmpdir(), "remaster-home-"));
  t.after(() => rmSync(home, { recursive: true }));
  const { status, stderr } = spawnSync(process.execPath, ["--eval", program], {
    cwd: home,
    env: { HOME: home, TMPDIR: home },
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return readdirSync(home);
}

test("left alone, the runtime keeps a record of its use", (t) => {
  const left = filesLeftBy(
    t,
    `import { InferenceSession } from ${addressOf("node_modules/onnxruntime-node/dist/index.js")};
    await InferenceSession.create(${GRAPH});`,
  );

  // Where its makers take that out, the test below has nothing left to find.
  assert.ok(left.includes(".cache"), left.join());
});

const WAYS = {
  "an engine's thread": `import { openModels } from ${addressOf("src/embedding/open.ts")};
    const options = { modelDir: null, defaultModel: null, dimensions: null, threads: 1 };
    const model = await openModels(options).open("static-384-8k");
    await model.embed(["a text"], "passage");`,
  "the optimiser": `import { loadRuntime } from ${addressOf("src/embedding/runtime.ts")};
    const { InferenceSession } = await loadRuntime();
    await InferenceSession.create(${GRAPH});`,
};

for (const [title, program] of Object.entries(WAYS))
  test(`the runtime reports nothing when it is loaded by ${title}`, (t) => {
    assert.deepEqual(filesLeftBy(t, program), []);
  });
