import type { Context } from "aws-lambda";
import { type CoordinatorEvent, expectOp } from "../../src/migration/events.ts";
import { planPages } from "../../src/migration/pages.ts";
import { openOutside } from "../../src/outside.ts";

/** Plans and sends the pages of one range; false when it must be called again to go on. */
export async function handler(received: CoordinatorEvent, context: Context): Promise<boolean> {
  const event = expectOp(received, ["pages"]);
  const here = openOutside();
  const deadline = { remainingMs: () => context.getRemainingTimeInMillis() };
  return planPages({ qdrant: here.qdrant(), ledger: here.ledger(), queue: here.queue(), deadline }, event);
}
