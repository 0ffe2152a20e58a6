import { PermanentError } from "../migration/errors.ts";

// SendMessageBatch takes 10 entries of 1 MiB together.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
const ENTRIES_MAX = 10;
export const BATCH_BYTES_MAX = 1024 * 1024;

/**
 * Cuts messages into requests, in order.
 * @throws PermanentError for a message that no request can hold, before anything is sent.
 */
export function batchMessages(messages: readonly string[]): readonly (readonly string[])[] {
  const batches: string[][] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = Buffer.byteLength(message);
    if (size > BATCH_BYTES_MAX)
      throw new PermanentError(
        `A message has ${size} bytes, the queue takes ${BATCH_BYTES_MAX}. This is a bug.`,
      );
    const current = batches.at(-1);
    if (current === undefined || current.length === ENTRIES_MAX || bytes + size > BATCH_BYTES_MAX) {
      batches.push([message]);
      bytes = size;
    } else {
      current.push(message);
      bytes += size;
    }
  }
  return batches;
}
