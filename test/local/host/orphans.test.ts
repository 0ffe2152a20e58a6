import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { ended, isAlive } from "./started.ts";

test("a host that is killed leaves no process behind, at work or idle", { timeout: 60_000 }, async () => {
  const host = fork(join(import.meta.dirname, "host-process.ts"));
  const [pids] = await once(host, "message");
  assert.ok(Array.isArray(pids) && pids.length === 4 && pids.every(isAlive), String(pids));

  host.kill("SIGKILL");

  await Promise.all(pids.map(ended));
});
