import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { startQdrant } from "../../../local/qdrant/server.ts";

const run = promisify(execFile);
const version = "1.19.0";
// Kept between runs: installing takes longer than the test.
const venv = join(tmpdir(), `remaster-qdrant-client-${version}`);
const python = join(venv, "bin", "python");

/** Makes the environment with the client; the reason when that is not possible here. */
async function install(): Promise<string | undefined> {
  try {
    if (!existsSync(python)) await run("python3", ["-m", "venv", venv]);
    await run(python, ["-m", "pip", "install", "--quiet", "--timeout", "10", `qdrant-client==${version}`]);
    return undefined;
  } catch (cause) {
    return cause instanceof Error ? (cause.message.split("\n")[0] ?? "unknown") : String(cause);
  }
}

test("serves the official Python client through the life of a collection", {
  timeout: 240_000,
}, async (t) => {
  const problem = await install();
  if (problem !== undefined) {
    t.skip(`SKIPPED: no Python with qdrant-client ${version} here: ${problem}`);
    return;
  }
  await using server = await startQdrant({ port: 0 });

  const { stdout } = await run(python, [join(import.meta.dirname, "python_client.py"), server.url]);

  assert.equal(stdout.trim(), "ok");
});
