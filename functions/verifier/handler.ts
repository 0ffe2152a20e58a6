import type { Context } from "aws-lambda";
import type { VerifierEvent } from "../../src/migration/events.ts";
import { verifier } from "../../src/migration/functions.ts";
import { openOutside } from "../../src/outside.ts";

/** Compares one range of both sides, or gives the verdict on all of them. */
export async function handler(event: VerifierEvent, context: Context): Promise<unknown> {
  const { qdrant, ledger, queue, clock } = openOutside();
  const deadline = { remainingMs: () => context.getRemainingTimeInMillis() };
  return verifier({ qdrant: qdrant(), ledger: ledger(), queue: queue(), clock, deadline }, event);
}
