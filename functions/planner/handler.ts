import { close } from "../../src/migration/close.ts";
import { expectOp, type PlannerEvent } from "../../src/migration/events.ts";
import { summarize } from "../../src/migration/summary.ts";
import { beginPass, open, plan, prepare, ready, restore, validate } from "../../src/migration/workflow.ts";
import { openOutside } from "../../src/outside.ts";

const OPS = [
  "validate",
  "open",
  "plan",
  "prepare",
  "restore",
  "ready",
  "begin-pass",
  "close",
  "summarize",
] as const;

/** Everything that is decided before and after the work: see `infra/workflow.asl.json`. */
export async function handler(received: PlannerEvent): Promise<unknown> {
  const event = expectOp(received, OPS);
  if (event.op === "summarize") return summarize(event.outcomes, event.leftAlone);
  const here = openOutside();
  const outside = {
    qdrant: here.qdrant(),
    ledger: here.ledger(),
    executions: here.executions(),
    clock: here.clock,
    concurrency: here.concurrency(),
  };
  switch (event.op) {
    case "validate":
      return validate(outside, event.input, event.execution);
    case "plan":
      return plan(outside, event.run, event.sample);
    case "close":
      return close(outside, event.run, event.error ?? null);
    case "open":
      return open(outside, event.run);
    case "prepare":
      return prepare(outside, event.run);
    case "restore":
      return restore(outside, event.run);
    case "ready":
      return ready(outside, event.run);
    case "begin-pass":
      return beginPass(outside, event.run);
  }
}
