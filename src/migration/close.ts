// The end of a collection's run, good or bad: nothing stays held, nothing stays changed that should not, and a
// person reads what became of it and what to do next.
import { ERROR_NAMES } from "../contract.ts";
import { settleSwap } from "./cutover.ts";
import { readLock, releaseLock } from "./lock.ts";
import { differencesOf } from "./pass.ts";
import { readPlan } from "./plan.ts";
import { lastingWarnings } from "./planning.ts";
import { restoreOptimizers } from "./prepare.ts";
import { storeReport } from "./readReport.ts";
import { EMPTY_SUMMARY } from "./record.ts";
import { type Action, givenIn } from "./request.ts";
import type { Outcome, OutcomeStatus, Run } from "./run.ts";
import { type MigrationState, readState, updateState } from "./state.ts";
import { outcomesOf } from "./status.ts";
import { fittingOutcome } from "./turns.ts";
import type { PlannerOutside } from "./workflow.ts";

/** What the workflow's Catch hands over: `Cause` is the function's own JSON, or a plain sentence. */
export interface CaughtError {
  readonly Error: string;
  readonly Cause: string;
}

export async function close(outside: PlannerOutside, run: Run, caught: CaughtError | null): Promise<Outcome> {
  const { ledger } = outside;
  const lock = await readLock(ledger, run.collection);
  const holdsLock = lock?.owner === run.execution;
  // A run that failed between storing a plan and telling the workflow finds its migration in the lock.
  const migration = run.migration ?? (holdsLock ? lock.migration : null);
  const error = caught === null ? null : readError(caught);
  if (error !== null && migration !== null && holdsLock)
    await undoHolds(outside, { ...run, migration }, error);
  if (migration !== null && holdsLock) await storeReport(ledger, outside.clock, migration);
  if (holdsLock) await releaseLock(ledger, run.collection, run.execution);
  const state = migration === null ? null : await readState(ledger, migration);
  const status =
    error === null ? statusOf(run, state) : error.name === ERROR_NAMES.refused ? "REFUSED" : "FAILED";
  const tally = state === null ? null : outcomesOf(state, state.backfill ?? EMPTY_SUMMARY).tally;
  const outcome: Outcome = {
    collection: run.collection,
    migration,
    status,
    says:
      error?.message ?? [sentence(run, state), ...(await notes(outside, status, migration))].join(" ").trim(),
    error,
    nextAction: nextAction(run, status),
    tally,
    plan: run.plan,
  };
  return fittingOutcome(outcome, run.sharing);
}

/** No path leaves writes held or an optimizer changed; the state says what happened. */
async function undoHolds(
  outside: PlannerOutside,
  { migration, execution }: { readonly migration: string; readonly execution: string },
  error: { readonly name: string; readonly message: string },
): Promise<void> {
  const { ledger, clock } = outside;
  const plan = await readPlan(ledger, migration);
  await settleSwap(outside, plan, execution);
  await restoreOptimizers(outside, plan);
  await updateState(ledger, { migration, now: clock.now() }, (state) => ({
    error,
    phase: phaseAfterError(state),
  }));
}

/** A cut-over that did not happen leaves the migration ready to try again; a finished one stays finished. */
function phaseAfterError(state: MigrationState): MigrationState["phase"] {
  if (state.phase !== "cut-over" && state.phase !== "swap") return state.phase;
  if (state.direction === "reverse") return "done";
  return state.gate?.verdict === "green" ? "ready" : "not-ready";
}

function readError({ Error: name, Cause: cause }: CaughtError): {
  readonly name: string;
  readonly message: string;
} {
  try {
    const parsed: unknown = JSON.parse(cause);
    if (typeof parsed === "object" && parsed !== null && "errorMessage" in parsed)
      return { name, message: String(parsed.errorMessage) };
  } catch {
    // A plain sentence: the interpreter's own, or a timeout's.
  }
  return { name, message: cause };
}

function statusOf(run: Run, state: MigrationState | null): OutcomeStatus {
  if (run.plan !== null) return "PLANNED";
  const steering: Partial<Record<Action, OutcomeStatus>> = {
    pause: "PAUSED",
    resume: "RESUMED",
    abort: "ABORTED",
  };
  const steered = steering[run.action];
  if (steered !== undefined) return steered;
  if (run.next === "nothing") return "NOTHING_TO_DO";
  if (run.action === "verify") return isAlike(state) ? "VERIFIED" : "DIFFERENT";
  switch (state?.phase) {
    case "done":
      return "DONE";
    case "rolled-back":
      return "ROLLED_BACK";
    case "cleaned":
      return "CLEANED";
    case "ready":
      return "READY";
    default:
      return "NOT_READY";
  }
}

function isAlike(state: MigrationState | null): boolean {
  const found = state?.verified?.found;
  return found !== undefined && differencesOf(found) === 0 && (found.incomplete ?? 0) === 0;
}

/** What a person should not miss although all went well. */
async function notes(
  { ledger }: PlannerOutside,
  status: OutcomeStatus,
  migration: string | null,
): Promise<readonly string[]> {
  if (status !== "READY" || migration === null) return [];
  const plan = await readPlan(ledger, migration);
  return lastingWarnings(plan.target.contract, plan);
}

function sentence(run: Run, state: MigrationState | null): string {
  if (run.says !== "") return run.says;
  const red = state?.gate?.checks.filter(({ ok }) => !ok) ?? [];
  return red.map(({ name, found }) => `${name}: ${found}`).join(" ");
}

/** The input of the step a person would take next, ready to paste. */
function nextAction({ collection, request }: Run, status: OutcomeStatus): Outcome["nextAction"] {
  switch (status) {
    case "PLANNED": {
      const { dryRun: _, ...given } = givenIn(request);
      return { action: "migrate", collection, ...given };
    }
    case "READY":
      return { action: "cutover", collection };
    case "DONE":
      return { action: "rollback", collection };
    case "ROLLED_BACK":
    case "PAUSED":
      return { action: status === "PAUSED" ? "resume" : "cutover", collection };
    default:
      return null;
  }
}
