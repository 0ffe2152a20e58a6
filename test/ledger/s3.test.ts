import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { openLedger } from "../../src/ledger/ledger.ts";
import { openS3Ledger } from "../../src/ledger/s3.ts";
import { emulatorSettings, NO_EMULATOR } from "../support/emulator.ts";
import { type ScriptedAnswer, ScriptedService } from "../support/scripted-service.ts";
import { keysOf, testLedger } from "./behaviour.ts";

const settings = emulatorSettings();

if (settings === null) test("S3 keeps what every ledger promises", { skip: NO_EMULATOR });
else {
  testLedger("A bucket", async () => openS3Ledger({ ...(await newBucket()), prefix: "ledger" }));

  test("a bucket lists more keys than one answer holds", async () => {
    const ledger = openS3Ledger({ ...(await newBucket()), prefix: "" });
    const keys = Array.from({ length: 1_100 }, (_, index) => `r/${String(index).padStart(8, "0")}.json`);
    for (let start = 0; start < keys.length; start += 50)
      await Promise.all(keys.slice(start, start + 50).map((key) => ledger.create(key, "{}")));

    assert.deepEqual(await keysOf(ledger, "r/"), keys);
  });

  async function newBucket() {
    const client = new S3Client({ ...settings, forcePathStyle: true });
    const bucket = `ledger-${randomUUID()}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    return { bucket, client, isPathStyle: true };
  }
}

const refusal = (status: number, code: string): ScriptedAnswer => ({
  status,
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`,
  headers: { "content-type": "application/xml" },
});
const taken = refusal(412, "PreconditionFailed");
const conflict = refusal(409, "ConditionalRequestConflict");
const lost: ScriptedAnswer = { status: 0, isLost: true };
const holding = (body: string): ScriptedAnswer => ({ status: 200, body, headers: { etag: '"1"' } });

async function ledgerAt(service: ScriptedService, maxAttempts = 2) {
  const client = new S3Client({ ...service.settings, forcePathStyle: true, maxAttempts });
  return openS3Ledger({ bucket: "b", prefix: "p", isPathStyle: true, client });
}

test("a bucket is written on condition only", async () => {
  await using service = await ScriptedService.start([holding(""), holding("")]);
  const ledger = await ledgerAt(service);

  await ledger.create("a.json", "{}");
  await ledger.replace("a.json", "{}", '"7"');

  const [create, replace] = service.requests;
  assert.deepEqual([create?.url, create?.headers["if-none-match"]], ["/b/p/a.json?x-id=PutObject", "*"]);
  assert.equal(replace?.headers["if-match"], '"7"');
});

test("a create whose answer was lost is ours when our own words are there", async () => {
  await using service = await ScriptedService.start([lost, taken, holding("mine")]);
  const ledger = await ledgerAt(service);

  assert.equal(await ledger.create("a.json", "mine"), true);
});

test("a create whose answer was lost is not ours when another's words are there", async () => {
  await using service = await ScriptedService.start([lost, taken, holding("theirs")]);
  const ledger = await ledgerAt(service);

  assert.equal(await ledger.create("a.json", "mine"), false);
});

test("a replace that was refused at once is not ours, whatever is there", async () => {
  await using service = await ScriptedService.start([taken, holding("mine")]);
  const ledger = await ledgerAt(service);

  assert.equal(await ledger.replace("a.json", "mine", '"1"'), false);
});

test("a create that met another writer asks again until one of them has won", async () => {
  await using service = await ScriptedService.start([conflict, conflict, taken]);
  const ledger = await ledgerAt(service, 1);

  assert.equal(await ledger.create("a.json", "mine"), false);
});

test("a replace that met another writer, or no object, was not the faster one", async () => {
  await using service = await ScriptedService.start([conflict, refusal(404, "NoSuchKey")]);
  const ledger = await ledgerAt(service, 1);

  assert.equal(await ledger.replace("a.json", "mine", '"1"'), false);
  assert.equal(await ledger.replace("a.json", "mine", '"1"'), false);
});

const failures: readonly (readonly [string, ScriptedAnswer, string])[] = [
  ["an overloaded service is transient", refusal(503, "SlowDown"), "TransientError"],
  ["a broken connection is transient", lost, "TransientError"],
  ["a missing permission is a matter of configuration", refusal(403, "AccessDenied"), "ConfigError"],
  ["a missing bucket is a matter of configuration", refusal(404, "NoSuchBucket"), "ConfigError"],
  ["any other refusal is permanent", refusal(400, "EntityTooLarge"), "PermanentError"],
];

for (const [title, answer, name] of failures)
  test(`${title}, for every act of a bucket`, async () => {
    await using service = await ScriptedService.start([answer, answer, answer, answer]);
    const ledger = await ledgerAt(service, 1);

    await assert.rejects(ledger.read("a.json"), { name });
    await assert.rejects(ledger.create("a.json", "{}"), { name });
    await assert.rejects(ledger.replace("a.json", "{}", '"1"'), { name });
    await assert.rejects(keysOf(ledger, "a"), { name });
  });

test("an address that is no ledger's is refused with what it may be", async () => {
  await assert.rejects(async () => openLedger("https://example.com/ledger"), {
    name: "ConfigError",
    message: /s3:\/\/bucket\/prefix or file:\/\/\/absolute\/folder/,
  });
});
