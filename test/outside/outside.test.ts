import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

const folder = mkdtempSync(join(tmpdir(), "remaster-outside-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const outside = pathToFileURL(join(import.meta.dirname, "../../src/outside.ts")).href;

/** Runs code with `here = openOutside()` in a process that has only these variables; gives what it printed. */
function runWith(environment: Readonly<Record<string, string>>, code: string): string {
  const program = `import { openOutside } from ${JSON.stringify(outside)};
    const here = openOutside();
    ${code}`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
    env: environment,
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  return stdout;
}

test("a port is opened once a process", () => {
  const code = `console.log(here.ledger() === here.ledger(), openOutside() === here, here.concurrency());`;

  const printed = runWith({ REMASTER_LEDGER_URL: `file://${folder}`, REMASTER_CONCURRENCY: "3" }, code);

  assert.equal(printed, "true true 3\n");
});

test("the ledger that the address names is read and written", () => {
  const code = `const ledger = here.ledger();
    const created = await ledger.create("a/b.json", "{}");
    const keys = [];
    for await (const key of ledger.list("a/")) keys.push(key);
    const found = await ledger.read("a/b.json");
    const replaced = await ledger.replace("a/b.json", "[]", found.version);
    console.log(JSON.stringify([created, keys, found.body, replaced]));`;

  const printed = runWith({ REMASTER_LEDGER_URL: `file://${folder}` }, code);

  assert.deepEqual(JSON.parse(printed), [true, ["a/b.json"], "{}", true]);
});

test("a port whose setting is absent says which, when it is asked for", () => {
  const code = `for (const port of ["qdrant", "ledger", "queue", "executions", "concurrency"])
      try { here[port](); } catch ({ name, message }) { console.log(name, message.split(" ")[0]); }`;

  const printed = runWith({}, code);

  assert.deepEqual(printed.trim().split("\n"), [
    "ConfigError QDRANT_URL",
    "ConfigError REMASTER_LEDGER_URL",
    "ConfigError REMASTER_PAGES_QUEUE_URL",
    "ConfigError REMASTER_EXECUTIONS",
    "ConfigError REMASTER_CONCURRENCY",
  ]);
});

test("a function that asks for no model and no AWS loads neither", () => {
  const code = `const { createRequire } = await import("node:module");
    here.models(); here.ledger(); await here.executions().isOpen("process-1-0-x");
    const native = Object.keys(createRequire(import.meta.url).cache);
    const loaded = [...native, ...process.moduleLoadList, ...process.report.getReport().sharedObjects];
    console.log(loaded.filter((name) => /onnx|aws-sdk/.test(name)).length);`;

  const printed = runWith({ REMASTER_LEDGER_URL: `file://${folder}`, REMASTER_EXECUTIONS: "process:" }, code);

  assert.equal(printed, "0\n");
});
