// What the workflow carries from state to state: small, plain, and never text of a memory.
import type { Plan } from "./plan.ts";
import type { JsonObject } from "./ports.ts";
import type { Action, Request } from "./request.ts";
import type { Tally } from "./tally.ts";

/** What the workflow gives one collection's run to begin with. */
export interface RunStart {
  readonly execution: string;
  readonly request: Request;
  /** Collections that share this execution, and so its history and its output. */
  readonly sharing: number;
  /** The collection this run is about; for a migration its source. */
  readonly collection: string;
}

/** One collection's way through the workflow. */
export interface Run extends RunStart {
  /** What is being done now: a migration with automatic cut-over becomes one. */
  readonly action: Action;
  readonly migration: string | null;
  /** The workflow's next turn: see the choices of `infra/workflow.asl.json`. */
  readonly next: string;
  /** What was found or done, for a person. */
  readonly says: string;
  readonly pass: number;
  readonly ranges: readonly { readonly range: number }[];
  readonly waitSeconds: number;
  /** Records seen at the last look, and how often in a row missing pages were sent again without a new one. */
  readonly recorded: number;
  readonly idleRedrives: number;
  /** First verification pass of this run: passes are counted from it. */
  readonly firstPass: number;
  /** What a dry run planned, for whoever asked. */
  readonly plan: Plan | null;
}

export function firstRun({ execution, request, sharing, collection }: RunStart): Run {
  return {
    execution,
    request,
    sharing,
    collection,
    action: request.action,
    migration: null,
    next: "",
    says: "",
    pass: 0,
    ranges: [],
    waitSeconds: 0,
    recorded: 0,
    idleRedrives: 0,
    firstPass: 0,
    plan: null,
  };
}

export type OutcomeStatus =
  | "READY"
  | "NOT_READY"
  | "DONE"
  | "ROLLED_BACK"
  | "CLEANED"
  | "VERIFIED"
  | "DIFFERENT"
  | "PLANNED"
  | "NOTHING_TO_DO"
  | "FAILED"
  | "REFUSED"
  | "PAUSED"
  | "RESUMED"
  | "ABORTED";

/** How one collection's run ended. */
export interface Outcome {
  readonly collection: string;
  readonly migration: string | null;
  readonly status: OutcomeStatus;
  readonly says: string;
  readonly error: { readonly name: string; readonly message: string } | null;
  /** Input of the next step a person would take, ready to paste; null when there is none. */
  readonly nextAction: JsonObject | null;
  readonly tally: Tally | null;
  readonly plan: Plan | null;
}
