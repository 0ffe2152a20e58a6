import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { openProcessExecutions, ownerOfThisProcess } from "../../src/execution/process.ts";

const executions = openProcessExecutions();
const module = pathToFileURL(join(import.meta.dirname, "../../src/execution/process.ts")).href;

/** A process that says who it is and lives until its input ends. */
async function startOwner() {
  const code = `import { ownerOfThisProcess } from ${JSON.stringify(module)};
    process.stdout.write(ownerOfThisProcess());
    process.stdin.resume().on("end", () => process.exit());`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [owner] = await once(child.stdout, "data");
  return { owner: String(owner), child };
}

test("every call names another owner, all of this process and open", async () => {
  const [one, other] = [ownerOfThisProcess(), ownerOfThisProcess()];

  assert.notEqual(one, other);
  assert.match(one, new RegExp(`^process-${process.pid}-`));
  assert.deepEqual([await executions.isOpen(one), await executions.isOpen(other)], [true, true]);
});

test("an owner is open while its process lives, and closed when it was killed", async () => {
  const { owner, child } = await startOwner();

  const before = await executions.isOpen(owner);
  child.kill("SIGKILL");
  await once(child, "exit");

  assert.equal(before, true);
  assert.equal(await executions.isOpen(owner), false);
});

test("another process with a dead owner's number is somebody else", {
  skip: process.platform !== "linux",
}, async () => {
  const earlier = ownerOfThisProcess().replace(/t\d+-/, "t1-");
  const beforeBoot = ownerOfThisProcess().replace(/^(process-\d+-)[\da-f]{8}/, "$100000000");

  assert.equal(await executions.isOpen(earlier), false);
  assert.equal(await executions.isOpen(beforeBoot), false);
});

test("an owner that is no process is refused by name", async () => {
  const arn = "arn:aws:states:eu-central-1:123456789012:execution:remaster:one";

  await assert.rejects(executions.isOpen(arn), { name: "ConfigError", message: /execution:remaster:one/ });
});
