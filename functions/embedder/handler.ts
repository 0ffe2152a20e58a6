import type { Context, SQSEvent } from "aws-lambda";
import { assessTarget } from "../../src/migration/assess.ts";
import { type EmbedderEvent, expectOp } from "../../src/migration/events.ts";
import { embedPage } from "../../src/migration/page.ts";
import { takeSample } from "../../src/migration/sample.ts";
import { migrationOf } from "../../src/migration/workflow.ts";
import { openOutside } from "../../src/outside.ts";
import { encodeVector } from "../../src/qdrant/wire.ts";

/** Pages from the queue (a page a call; what throws goes back to it), or a sample for the plan and the gate. */
export async function handler(received: SQSEvent | EmbedderEvent, context: Context): Promise<unknown> {
  const here = openOutside();
  const outside = {
    qdrant: here.qdrant(),
    ledger: here.ledger(),
    models: here.models(),
    clock: here.clock,
    log: here.log,
    encodeVector,
    deadline: { remainingMs: () => context.getRemainingTimeInMillis() },
  };
  if ("Records" in received) {
    for (const { body } of received.Records) await embedPage(outside, body);
    return null;
  }
  const event = expectOp(received, ["sample", "assess"]);
  return event.op === "sample"
    ? takeSample(outside, event.run.request, event.run.collection)
    : assessTarget(outside, migrationOf(event.run));
}
