// What every queue and every ledger promises, held against SQS and S3 of the emulator: the suites of test/queue and
// test/ledger, which the adapters of one machine pass in `npm test`.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { startEmulator, whyNoEmulator } from "../../local/stack/emulator.ts";

const ROOT = join(import.meta.dirname, "../..");
const SUITES = ["test/queue/sqs.test.ts", "test/ledger/s3.test.ts"];
const why = whyNoEmulator();
const skip = why === null ? false : `SKIPPED: the suites did not meet SQS and S3: ${why}`;

test("SQS and S3 keep what every queue and every ledger promises", { skip }, async () => {
  await using emulator = await startEmulator(new Map());

  // A process of its own: the emulator's certificate is trusted from a process's start.
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--test", "--test-reporter=spec", ...SUITES],
    {
      cwd: ROOT,
      encoding: "utf8",
      env: { ...emulator.environment, REMASTER_TEST_AWS_ENDPOINT: emulator.environment.AWS_ENDPOINT_URL },
    },
  );

  // Indented: closing lines of an inner run are not those of this one.
  console.log(stdout.replaceAll(/^(?=.)/gm, "  "));
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^ℹ skipped 0$/m);
  for (const name of ["SQS delivers every message of ten senders once", "A bucket"])
    assert.ok(stdout.includes(`✔ ${name}`), `${name} ran`);
});
