import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";
import { liveBatch } from "../../src/migration/functions.ts";
import { openPageOutside, preloadModel } from "../../src/outside.ts";
import { elementsAt, membersAt } from "../../src/qdrant/slices.ts";
import { parseId } from "../../src/qdrant/wire.ts";

preloadModel();

/** Live events: what threw goes back to its queue, and at last to the dead letters; the others of the batch are done. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const messages = event.Records.map(({ messageId, body }) => ({ messageId, body }));
  const failed = await liveBatch(openPageOutside(context), messages, { membersAt, elementsAt, parseId });
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}
