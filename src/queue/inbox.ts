// The receiving end of a queue in SQS, for a consumer that polls by itself. In Lambda the event source mapping does this.
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { failureOf } from "../failure.ts";
import type { Inbox } from "./poll.ts";

const MS = 1000;
// A long poll is an answer that comes late; the client must not take it for none.
const ANSWER_MS = 20_000;

/** Errors: TransientError, ConfigError for an address or permission, PermanentError. */
export function openSqsInbox(url: string, client: SQSClient = new SQSClient({})): Inbox {
  return {
    async receive(waitMs, hideMs) {
      const command = new ReceiveMessageCommand({
        QueueUrl: url,
        MaxNumberOfMessages: 1,
        WaitTimeSeconds: Math.round(waitMs / MS),
        VisibilityTimeout: secondsOf(hideMs),
        MessageSystemAttributeNames: ["ApproximateReceiveCount"],
      });
      const answer = await asked(`Receiving from ${url}`, () =>
        client.send(command, { requestTimeout: waitMs + ANSWER_MS }),
      );
      const [message] = answer.Messages ?? [];
      if (message === undefined) return null;
      const { MessageId: messageId = "", Body: body = "", ReceiptHandle: receipt = "" } = message;
      return {
        messageId,
        body,
        receipt,
        receiveCount: Number(message.Attributes?.ApproximateReceiveCount ?? 1),
      };
    },
    async hide(receipt, ms) {
      const command = new ChangeMessageVisibilityCommand({
        QueueUrl: url,
        ReceiptHandle: receipt,
        VisibilityTimeout: secondsOf(ms),
      });
      await asked(`Holding a message of ${url}`, () => client.send(command));
    },
    async remove(receipt) {
      const command = new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: receipt });
      await asked(`Deleting a message of ${url}`, () => client.send(command));
    },
  };
}

// Never earlier than asked: 0 stays 0, which gives a message back at once.
const secondsOf = (ms: number): number => Math.ceil(ms / MS);

async function asked<T>(attempted: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw failureOf(error, attempted);
  }
}
