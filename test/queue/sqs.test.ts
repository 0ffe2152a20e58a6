import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { openSqsQueue } from "../../src/queue/sqs.ts";
import { emulatorSettings, NO_EMULATOR } from "../support/emulator.ts";
import { type ScriptedAnswer, ScriptedService } from "../support/scripted-service.ts";
import { eventually, type QueueUnderTest, type Received, testQueue } from "./behaviour.ts";

const settings = emulatorSettings();

if (settings === null) test("SQS keeps what every queue promises", { skip: NO_EMULATOR });
else testQueue("SQS", () => openUnderTest(new SQSClient(settings)));

async function openUnderTest(client: SQSClient): Promise<QueueUnderTest> {
  const url = await createQueues(client);
  const queue = openSqsQueue(url, { client });
  const receiveOnce = async (): Promise<Received | null> => {
    const command = new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 1 });
    const [message] = (await client.send(command)).Messages ?? [];
    const { MessageId: messageId, Body: body, ReceiptHandle: receipt } = message ?? {};
    if (messageId === undefined || body === undefined || receipt === undefined) return null;
    return { messageId, body, receipt };
  };
  return {
    queue,
    receive: () => eventually(receiveOnce, 100),
    async acknowledge(receipt) {
      await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: receipt }));
    },
    async settles(expected) {
      const wanted = JSON.stringify(expected);
      await eventually(async () => {
        // SQS moves a message to the dead letters when it is asked for the next one.
        if (expected.dead > 0) await receiveOnce();
        return JSON.stringify(await queue.depth()) === wanted ? true : null;
      }, 100);
    },
  };
}

async function createQueues(client: SQSClient): Promise<string> {
  const name = `pages-${randomUUID()}`;
  const dead = await client.send(new CreateQueueCommand({ QueueName: `${name}-dead` }));
  const account = dead.QueueUrl?.split("/").at(-2);
  const RedrivePolicy = JSON.stringify({
    deadLetterTargetArn: `arn:aws:sqs:us-east-1:${account}:${name}-dead`,
    maxReceiveCount: 2,
  });
  const Attributes = { VisibilityTimeout: "1", RedrivePolicy };
  const { QueueUrl = "" } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  return QueueUrl;
}

const json = (body: object, status = 200): ScriptedAnswer => ({
  status,
  body: JSON.stringify(body),
  headers: { "content-type": "application/x-amz-json-1.0" },
});
const refusing = (...ids: readonly string[]): ScriptedAnswer =>
  json({ Successful: [], Failed: ids.map((Id) => ({ Id, Code: "InternalError", SenderFault: false })) });
const accepting = json({ Successful: [] });

function queueAt(service: ScriptedService, maxAttempts = 1) {
  const client = new SQSClient({ ...service.settings, maxAttempts, md5: false });
  return openSqsQueue(`${service.settings.endpoint}/000000000000/pages`, { client, sleep: async () => {} });
}

const bodiesOf = ({ body }: { readonly body: string }): string[] =>
  JSON.parse(body).Entries.map((entry: { MessageBody: string }) => entry.MessageBody);

test("entries that SQS refused are sent again, and only those", async () => {
  await using service = await ScriptedService.start([refusing("1", "3"), refusing("0"), accepting]);

  await queueAt(service).send(["a", "b", "c", "d"]);

  assert.deepEqual(service.requests.map(bodiesOf), [["a", "b", "c", "d"], ["b", "d"], ["b"]]);
});

test("entries that SQS goes on refusing are a transient error", async () => {
  await using service = await ScriptedService.start(Array.from({ length: 9 }, () => refusing("0")));

  await assert.rejects(queueAt(service).send(["a"]), { name: "TransientError", message: /InternalError/ });
});

test("an entry that is our own fault is refused for good", async () => {
  const faulty = { Id: "0", Code: "InvalidMessageContents", SenderFault: true };
  await using service = await ScriptedService.start([json({ Successful: [], Failed: [faulty] })]);

  await assert.rejects(queueAt(service).send(["a"]), { name: "PermanentError" });
  assert.equal(service.requests.length, 1);
});

test("an SQS that does not answer is a transient error, a missing queue one of configuration", async () => {
  const missing = json({ __type: "com.amazonaws.sqs#QueueDoesNotExist", message: "no" }, 400);
  await using service = await ScriptedService.start([{ status: 0, isLost: true }, json({}, 503), missing]);
  const queue = queueAt(service);

  await assert.rejects(queue.send(["a"]), { name: "TransientError" });
  await assert.rejects(queue.depth(), { name: "TransientError" });
  await assert.rejects(queue.depth(), { name: "ConfigError" });
});
