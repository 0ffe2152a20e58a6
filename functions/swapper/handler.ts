import type { SwapperEvent } from "../../src/migration/events.ts";
import { swapper } from "../../src/migration/functions.ts";
import { openOutside } from "../../src/outside.ts";

/** The acts that move or delete what readers see. */
export async function handler(event: SwapperEvent): Promise<unknown> {
  const { qdrant, ledger, clock } = openOutside();
  return swapper({ qdrant: qdrant(), ledger: ledger(), clock }, event);
}
