import type { Context } from "aws-lambda";
import type { CoordinatorEvent } from "../../src/migration/events.ts";
import { coordinator } from "../../src/migration/functions.ts";
import { openOutside } from "../../src/outside.ts";

/** Plans and sends the pages of one range; false when it must be called again to go on. */
export async function handler(event: CoordinatorEvent, context: Context): Promise<boolean> {
  const { qdrant, ledger, queue } = openOutside();
  const deadline = { remainingMs: () => context.getRemainingTimeInMillis() };
  return coordinator({ qdrant: qdrant(), ledger: ledger(), queue: queue(), deadline }, event);
}
