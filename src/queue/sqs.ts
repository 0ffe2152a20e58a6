// The pages queue in AWS.
import { setTimeout as pause } from "node:timers/promises";
import {
  type BatchResultErrorEntry,
  GetQueueAttributesCommand,
  type QueueAttributeName,
  SendMessageBatchCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { failureOf } from "../failure.ts";
import { PermanentError, TransientError } from "../migration/errors.ts";
import type { Queue } from "../migration/ports.ts";
import { batchMessages } from "./batch.ts";

export interface SqsQueueOptions {
  readonly client?: SQSClient;
  readonly sleep?: (ms: number) => Promise<unknown>;
}

// Entries that the service refused are sent again after 0.1, 0.2, 0.4, 0.8 s; then the caller's own retry begins.
const SENDS_MAX = 5;
const FIRST_PAUSE_MS = 100;

/** The queue at an SQS address. Errors: TransientError, ConfigError for an address or permission, PermanentError. */
export function openSqsQueue(url: string, options: SqsQueueOptions = {}): Queue {
  const requestHandler = { connectionTimeout: 5_000, requestTimeout: 20_000 };
  const client = options.client ?? new SQSClient({ requestHandler });
  const sleep = options.sleep ?? pause;
  let deadLetters: Promise<string | null> | undefined;
  return {
    async send(messages) {
      for (const batch of batchMessages(messages)) await sendBatch({ client, url, sleep }, batch);
    },
    async depth() {
      deadLetters ??= deadLetterUrl(client, url);
      // A failure is not remembered.
      deadLetters.catch(() => {
        deadLetters = undefined;
      });
      const deadUrl = await deadLetters;
      const [queue, dead] = await Promise.all([
        countsOf(client, url),
        deadUrl === null ? null : countsOf(client, deadUrl),
      ]);
      return { ...queue, dead: dead === null ? 0 : dead.waiting + dead.inFlight };
    },
  };
}

interface Sender {
  readonly client: SQSClient;
  readonly url: string;
  readonly sleep: (ms: number) => Promise<unknown>;
}

/** A status 200 may hold refused entries: those alone are sent again. Twice is harmless: a page reconciled twice. */
async function sendBatch({ client, url, sleep }: Sender, messages: readonly string[]): Promise<void> {
  let left = messages;
  for (let attempt = 1; ; attempt++) {
    const failed = await sendOnce(client, url, left);
    if (failed.length === 0) return;
    refuseFaulty(failed, url);
    const entries = new Set(failed.map(({ Id }) => Number(Id)));
    left = left.filter((_, index) => entries.has(index));
    if (attempt === SENDS_MAX)
      throw new TransientError(
        `Sending ${messages.length} messages to ${url} left ${left.length} refused after ${attempt} attempts: ${failed[0]?.Code}.`,
        { fields: { refused: left.length } },
      );
    await sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1));
  }
}

async function sendOnce(
  client: SQSClient,
  url: string,
  messages: readonly string[],
): Promise<readonly BatchResultErrorEntry[]> {
  const Entries = messages.map((body, index) => ({ Id: String(index), MessageBody: body }));
  try {
    const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
    return Failed;
  } catch (error) {
    throw failureOf(error, `Sending ${messages.length} messages to ${url}`);
  }
}

function refuseFaulty(failed: readonly BatchResultErrorEntry[], url: string): void {
  const faulty = failed.find(({ SenderFault }) => SenderFault === true);
  if (faulty !== undefined)
    throw new PermanentError(`The queue ${url} refuses a message for good: ${faulty.Code}. This is a bug.`);
}

async function attributesOf(client: SQSClient, url: string, names: QueueAttributeName[]) {
  try {
    const command = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: names });
    return (await client.send(command)).Attributes ?? {};
  } catch (error) {
    throw failureOf(error, `Reading the depth of ${url}`);
  }
}

async function countsOf(client: SQSClient, url: string): Promise<{ waiting: number; inFlight: number }> {
  const found = await attributesOf(client, url, [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
  ]);
  const count = (name: QueueAttributeName): number => Number(found[name] ?? 0);
  return {
    waiting: count("ApproximateNumberOfMessages") + count("ApproximateNumberOfMessagesDelayed"),
    inFlight: count("ApproximateNumberOfMessagesNotVisible"),
  };
}

/** Address of the dead-letter queue, beside its queue (SQS wants both in one account and region); null: none. */
async function deadLetterUrl(client: SQSClient, url: string): Promise<string | null> {
  const { RedrivePolicy } = await attributesOf(client, url, ["RedrivePolicy"]);
  const target = /"deadLetterTargetArn"\s*:\s*"[^"]*:([^":]+)"/.exec(RedrivePolicy ?? "")?.[1];
  return target === undefined ? null : url.replace(/[^/]+$/, target);
}
