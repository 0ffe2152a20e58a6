import { look } from "../../src/migration/ending.ts";
import { expectOp, type ProgressEvent } from "../../src/migration/events.ts";
import { openOutside } from "../../src/outside.ts";

/** Says from the ledger how far the pass is and what comes next; sends missing pages again. */
export async function handler(received: ProgressEvent): Promise<unknown> {
  const event = expectOp(received, ["look"]);
  const here = openOutside();
  return look({ ledger: here.ledger(), queue: here.queue(), clock: here.clock }, event.run);
}
