import { cleanup, hold, swap } from "../../src/migration/ending.ts";
import { expectOp, type SwapperEvent } from "../../src/migration/events.ts";
import { openOutside } from "../../src/outside.ts";

const TURNS = { hold, swap, cleanup } as const;

/** The acts that move or delete what readers see. */
export async function handler(received: SwapperEvent): Promise<unknown> {
  const event = expectOp(received, ["hold", "swap", "cleanup"]);
  const here = openOutside();
  const outside = { qdrant: here.qdrant(), ledger: here.ledger(), clock: here.clock };
  return TURNS[event.op](outside, event.run);
}
