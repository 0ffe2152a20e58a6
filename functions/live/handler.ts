import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";
import { liveBatch } from "../../src/migration/functions.ts";
import { openOutside } from "../../src/outside.ts";
import { elementsAt, membersAt } from "../../src/qdrant/slices.ts";
import { encodeVector, parseId } from "../../src/qdrant/wire.ts";

/** Live events: what threw goes back to its queue, and at last to the dead letters; the others of the batch are done. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const { qdrant, ledger, models, clock, log } = openOutside();
  const outside = {
    qdrant: qdrant(),
    ledger: ledger(),
    models: models(),
    clock,
    log,
    encodeVector,
    deadline: { remainingMs: () => context.getRemainingTimeInMillis() },
  };
  const messages = event.Records.map(({ messageId, body }) => ({ messageId, body }));
  const failed = await liveBatch(outside, messages, { membersAt, elementsAt, parseId });
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}
