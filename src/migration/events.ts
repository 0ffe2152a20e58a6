// What the workflow sends to each function. The sender is the workflow itself, whose payloads are what these
// functions returned; only the name of the operation is checked at the door.
import type { Assessment } from "./assess.ts";
import type { CaughtError } from "./close.ts";
import { PermanentError } from "./errors.ts";
import type { PassRange } from "./keys.ts";
import type { Outcome, Run, RunStart } from "./run.ts";
import type { Sample } from "./sample.ts";
import type { RunSummary } from "./summary.ts";

export type PlannerEvent =
  | { readonly op: "validate"; readonly input: unknown }
  | { readonly op: "open"; readonly run: RunStart }
  | { readonly op: "prepare" | "restore" | "ready" | "begin-pass"; readonly run: Run }
  | { readonly op: "plan"; readonly run: Run; readonly sample: Sample }
  | { readonly op: "close"; readonly run: RunStart & Partial<Run>; readonly error?: CaughtError }
  | {
      readonly op: "summarize";
      readonly outcomes: readonly Outcome[];
      readonly leftAlone: RunSummary["leftAlone"];
    };

export type CoordinatorEvent = { readonly op: "pages" } & PassRange;
export type EmbedderEvent = { readonly op: "sample" | "assess"; readonly run: Run };
export type ProgressEvent = { readonly op: "look"; readonly run: Run };
export type VerifierEvent =
  | ({ readonly op: "compare" } & PassRange)
  | { readonly op: "gate"; readonly run: Run; readonly assessment: Assessment };
export type SwapperEvent = { readonly op: "hold" | "swap" | "cleanup"; readonly run: Run };

/** @throws PermanentError for an operation the function does not know: workflow and functions are not of one version. */
export function expectOp<T extends { readonly op: string }>(event: T, known: readonly T["op"][]): T {
  if (known.includes(event.op)) return event;
  throw new PermanentError(
    `The workflow asks for ${String(event.op)}; this function does ${known.join(", ")}. Deploy both from one version.`,
  );
}
