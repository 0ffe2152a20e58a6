import type { Context, SQSEvent } from "aws-lambda";
import type { EmbedderEvent } from "../../src/migration/events.ts";
import { embedder, embedPages } from "../../src/migration/functions.ts";
import { openPageOutside, preloadModel } from "../../src/outside.ts";

preloadModel();

/** Pages from the queue (a page a call), or a sample for the plan and the gate. */
export async function handler(event: SQSEvent | EmbedderEvent, context: Context): Promise<unknown> {
  const outside = openPageOutside(context);
  if (!("Records" in event)) return embedder(outside, event);
  return embedPages(
    outside,
    event.Records.map(({ body }) => body),
  );
}
