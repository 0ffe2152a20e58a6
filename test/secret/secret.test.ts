import assert from "node:assert/strict";
import { test } from "node:test";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { openSecretReader } from "../../src/secret/secret.ts";
import { ScriptedService } from "../support/scripted-service.ts";

const ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:points-a1B2c3";

const answer = (body: object, status = 200) => ({
  status,
  body: JSON.stringify(body),
  headers: { "content-type": "application/x-amz-json-1.1" },
});
const holding = (SecretString: string) => answer({ ARN, SecretString });

/** A reader on a clock that the test moves. */
function readerAt(service: ScriptedService) {
  const client = new SecretsManagerClient({ ...service.settings, maxAttempts: 1 });
  const clock = { minutes: 0 };
  return { clock, read: openSecretReader({ client, now: () => clock.minutes * 60_000 }) };
}

test("a secret is read once in five minutes, also by calls side by side", async () => {
  await using service = await ScriptedService.start([holding("old-key"), holding("new-key")]);
  const { clock, read } = readerAt(service);

  const first = await Promise.all([read(ARN), read(ARN)]);
  clock.minutes = 4.9;
  const kept = await read(ARN);
  clock.minutes = 5;
  const rotated = await read(ARN);

  assert.deepEqual([...first, kept, rotated], ["old-key", "old-key", "old-key", "new-key"]);
  assert.equal(service.requests.length, 2);
});

test("the line end of a pasted key is no part of it", async () => {
  await using service = await ScriptedService.start([holding("a-key\n")]);

  assert.equal(await readerAt(service).read(ARN), "a-key");
});

test("a value that is no key is refused without being repeated, and read again next time", async () => {
  await using service = await ScriptedService.start([holding('{"key": "inner"}'), holding("a-key")]);
  const { read } = readerAt(service);

  await assert.rejects(
    read(ARN),
    (error: Error) => error.name === "ConfigError" && !error.message.includes("inner"),
  );
  assert.equal(await read(ARN), "a-key");
});

test("a missing secret or permission is a matter of configuration, a busy service is transient", async () => {
  await using service = await ScriptedService.start([
    answer({ __type: "ResourceNotFoundException" }, 400),
    answer({ __type: "AccessDeniedException" }, 400),
    answer({}, 503),
  ]);
  const { read } = readerAt(service);

  await assert.rejects(read(ARN), { name: "ConfigError" });
  await assert.rejects(read(ARN), { name: "ConfigError" });
  await assert.rejects(read(ARN), { name: "TransientError" });
});
