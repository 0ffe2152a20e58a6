import type { PlannerEvent } from "../../src/migration/events.ts";
import { planner } from "../../src/migration/functions.ts";
import { openOutside } from "../../src/outside.ts";

/** Everything that is decided before and after the work: see `infra/workflow.asl.json`. */
export async function handler(event: PlannerEvent): Promise<unknown> {
  const { qdrant, ledger, executions, clock, concurrency } = openOutside();
  const outside = {
    qdrant: qdrant(),
    ledger: ledger(),
    executions: executions(),
    clock,
    concurrency: concurrency(),
  };
  return planner(outside, event);
}
