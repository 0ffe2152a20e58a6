import type { ProgressEvent } from "../../src/migration/events.ts";
import { progress } from "../../src/migration/functions.ts";
import { openOutside } from "../../src/outside.ts";

/** Says from the ledger how far the pass is and what comes next; sends missing pages again. */
export async function handler(event: ProgressEvent): Promise<unknown> {
  const { ledger, queue, clock } = openOutside();
  return progress({ ledger: ledger(), queue: queue(), clock }, event);
}
