import type { Context } from "aws-lambda";
import { gate } from "../../src/migration/ending.ts";
import { expectOp, type VerifierEvent } from "../../src/migration/events.ts";
import { verifyRange } from "../../src/migration/verify.ts";
import { openOutside } from "../../src/outside.ts";

/** Compares one range of both sides, or gives the verdict on all of them. */
export async function handler(received: VerifierEvent, context: Context): Promise<unknown> {
  const event = expectOp(received, ["compare", "gate"]);
  const here = openOutside();
  const outside = { qdrant: here.qdrant(), ledger: here.ledger(), clock: here.clock };
  if (event.op === "gate") return gate(outside, event.run, event.assessment);
  const deadline = { remainingMs: () => context.getRemainingTimeInMillis() };
  return verifyRange({ ...outside, queue: here.queue(), deadline }, event);
}
