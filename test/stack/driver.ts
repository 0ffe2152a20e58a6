// Drives the deployed stack with the AWS SDKs only, as an application or a person with a shell would.

import { Agent } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import {
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import type { LocalStack } from "../../local/stack/stack.ts";

export interface Ended {
  readonly status: string;
  readonly error: string;
  readonly cause: string;
  // biome-ignore lint/suspicious/noExplicitAny: the output of any action; each test reads its own.
  readonly output: any;
}

const EXECUTION_SECONDS_MAX = 180;

export function driverOf({ emulator, deployment }: LocalStack) {
  const httpsAgent = new Agent({ ca: emulator.certificate, keepAlive: true });
  const settings = {
    endpoint: String(emulator.environment.AWS_ENDPOINT_URL),
    region: "us-east-1",
    requestHandler: { httpsAgent },
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  };
  const workflow = new SFNClient(settings);
  const queue = new SQSClient(settings);
  const bucket = new S3Client({ ...settings, forcePathStyle: true });

  async function start(input: Readonly<Record<string, unknown>>): Promise<string> {
    const command = { stateMachineArn: deployment.stateMachineArn, input: JSON.stringify(input) };
    return String((await workflow.send(new StartExecutionCommand(command))).executionArn);
  }

  async function end(executionArn: string): Promise<Ended> {
    for (const until = Date.now() + EXECUTION_SECONDS_MAX * 1000; Date.now() < until; await pause(300)) {
      const found = await workflow.send(new DescribeExecutionCommand({ executionArn }));
      if (found.status !== "RUNNING")
        return {
          status: String(found.status),
          error: found.error ?? "",
          cause: found.cause ?? "",
          output: found.output === undefined ? null : JSON.parse(found.output),
        };
    }
    throw new Error(`Execution ${executionArn} did not end within ${EXECUTION_SECONDS_MAX} s.`);
  }

  /** Takes one message off the dead letters; null when there is none. */
  async function takeDeadLetter(): Promise<string | null> {
    const QueueUrl = deployment.deadLettersUrl;
    const { Messages = [] } = await queue.send(new ReceiveMessageCommand({ QueueUrl }));
    const [message] = Messages;
    if (message === undefined) return null;
    await queue.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
    return message.Body ?? "";
  }

  return {
    start,
    end,
    run: async (input: Readonly<Record<string, unknown>>): Promise<Ended> => end(await start(input)),
    /** Half an hour in the template; a test does not wait for it. */
    hideMessagesFor: (seconds: number) =>
      queue.send(
        new SetQueueAttributesCommand({
          QueueUrl: deployment.pagesQueueUrl,
          Attributes: { VisibilityTimeout: String(seconds) },
        }),
      ),
    sendPage: (MessageBody: string) =>
      queue.send(new SendMessageCommand({ QueueUrl: deployment.pagesQueueUrl, MessageBody })),
    /** As a person would in the console. */
    stop: (executionArn: string) => workflow.send(new StopExecutionCommand({ executionArn })),
    /** Keys of the records of a collection's migrations. */
    async recordsOf(collection: string): Promise<readonly string[]> {
      const Prefix = `migrations/${collection}.`;
      const { Contents = [] } = await bucket.send(
        new ListObjectsV2Command({ Bucket: deployment.ledgerBucket, Prefix }),
      );
      return Contents.map(({ Key = "" }) => Key).filter((key) => key.includes("/records/"));
    },
    async depthOf(QueueUrl: string): Promise<number> {
      const names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"] as const;
      const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...names] });
      const { Attributes = {} } = await queue.send(command);
      return names.reduce((sum, name) => sum + Number(Attributes[name]), 0);
    },
    takeDeadLetter,
    /** Sends every dead letter again. @returns how many there were. */
    async redriveDeadLetters(): Promise<number> {
      for (let count = 0; ; count++) {
        const MessageBody = await takeDeadLetter();
        if (MessageBody === null) return count;
        await queue.send(new SendMessageCommand({ QueueUrl: deployment.pagesQueueUrl, MessageBody }));
      }
    },
  };
}

/** Waits until something holds. @throws Error that names it when it does not in time. */
export async function until(
  what: string,
  holds: () => Promise<boolean> | boolean,
  secondsMax = 60,
): Promise<void> {
  for (const end = Date.now() + secondsMax * 1000; Date.now() < end; await pause(200))
    if (await holds()) return;
  throw new Error(`Within ${secondsMax} s it did not come true that ${what}.`);
}
