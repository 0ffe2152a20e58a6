import type { Context, SQSEvent } from "aws-lambda";
import type { EmbedderEvent } from "../../src/migration/events.ts";
import { embedder, embedPages } from "../../src/migration/functions.ts";
import { openOutside } from "../../src/outside.ts";
import { encodeVector } from "../../src/qdrant/wire.ts";

/** Pages from the queue (a page a call), or a sample for the plan and the gate. */
export async function handler(event: SQSEvent | EmbedderEvent, context: Context): Promise<unknown> {
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
  if (!("Records" in event)) return embedder(outside, event);
  return embedPages(
    outside,
    event.Records.map(({ body }) => body),
  );
}
