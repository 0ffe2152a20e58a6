import assert from "node:assert/strict";
import { test } from "node:test";
import { SQSClient } from "@aws-sdk/client-sqs";
import { openSqsInbox } from "../../src/queue/inbox.ts";
import { type ScriptedAnswer, ScriptedService } from "../support/scripted-service.ts";

const json = (body: object, status = 200): ScriptedAnswer => ({
  status,
  body: JSON.stringify(body),
  headers: { "content-type": "application/x-amz-json-1.0" },
});

const inboxAt = (service: ScriptedService) =>
  openSqsInbox(
    `${service.settings.endpoint}/000000000000/pages`,
    new SQSClient({ ...service.settings, maxAttempts: 1, md5: false }),
  );

const asked = ({ requests }: ScriptedService) => requests.map(({ body }) => JSON.parse(body));

test("a message is received by a long poll, hidden, and given back or deleted by its receipt", async () => {
  const message = {
    MessageId: "m",
    Body: "page",
    ReceiptHandle: "r",
    Attributes: { ApproximateReceiveCount: "3" },
  };
  await using service = await ScriptedService.start([
    json({ Messages: [message] }),
    json({}),
    json({}),
    json({}),
  ]);
  const inbox = inboxAt(service);

  const received = await inbox.receive(10_000, 120_000);
  await inbox.hide("r", 1_500);
  await inbox.hide("r", 0);
  await inbox.remove("r");

  assert.deepEqual(received, { messageId: "m", body: "page", receipt: "r", receiveCount: 3 });
  const [receive, hide, giveBack, remove] = asked(service);
  assert.equal(receive.WaitTimeSeconds, 10);
  assert.equal(receive.VisibilityTimeout, 120);
  assert.equal(receive.MaxNumberOfMessages, 1);
  assert.deepEqual([hide.VisibilityTimeout, giveBack.VisibilityTimeout], [2, 0]);
  assert.equal(remove.ReceiptHandle, "r");
});

test("a poll in vain is no message", async () => {
  await using service = await ScriptedService.start([json({})]);

  assert.equal(await inboxAt(service).receive(0, 1000), null);
});

test("a queue that does not answer is a transient error, a missing permission one of configuration", async () => {
  const denied = json({ __type: "com.amazonaws.sqs#AccessDenied", message: "no" }, 403);
  await using service = await ScriptedService.start([json({}, 503), denied]);
  const inbox = inboxAt(service);

  await assert.rejects(inbox.receive(0, 1000), { name: "TransientError" });
  await assert.rejects(inbox.remove("r"), { name: "ConfigError" });
});
