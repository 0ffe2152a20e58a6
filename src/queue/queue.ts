import type { Queue } from "../migration/ports.ts";
import { openChannelQueue } from "./channel.ts";

/** The queue at `memory:pages` or at the address of an SQS queue. */
export async function openQueue(url: string): Promise<Queue> {
  if (url === "memory:pages") return openChannelQueue();
  // Only where it is needed: on one machine nothing of the AWS SDK is loaded.
  const { openSqsQueue } = await import("./sqs.ts");
  return openSqsQueue(url);
}
