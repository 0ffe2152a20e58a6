// How a migration stands, from the ledger alone: quick, and it changes nothing.
import { costParts, dollarsOf } from "./dollars.ts";
import { failedPoints } from "./gate.ts";
import { readLock } from "./lock.ts";
import { nextOf } from "./next.ts";
import { readRanges } from "./pass.ts";
import { readPlan } from "./plan.ts";
import type { Clock, Ledger } from "./ports.ts";
import { type PassProgress, readProgress } from "./progress.ts";
import { addSummaries, EMPTY_SUMMARY, type Summary } from "./record.ts";
import type { NextAction } from "./report.ts";
import { slowdownOf } from "./slowdown.ts";
import { workOf } from "./spent.ts";
import { type MigrationState, type Phase, readState } from "./state.ts";
import type { Tally } from "./tally.ts";

export interface Status {
  readonly collection: string;
  readonly migration: string | null;
  readonly phase: Phase | "none";
  readonly target: string | null;
  /** Points of the source when planned, and points that have an outcome. */
  readonly total: number;
  readonly done: number;
  readonly tally: Tally;
  /** Points a second while a pass runs; null when nothing runs. */
  readonly rate: number | null;
  readonly secondsLeft: number | null;
  /** US dollars of the embedding so far by AWS's list prices; on one machine it costs nothing. */
  readonly dollars: number;
  /** Why it is slower than foreseen, and what to do; null when it is not, or nothing is loading. */
  readonly slowedBy: string | null;
  readonly failuresByReason: Readonly<Record<string, number>>;
  readonly gate: "green" | "red" | null;
  readonly paused: boolean;
  readonly owner: string | null;
  readonly error: string | null;
  /** What a person does next; null while a run is at work, and when nothing is left to do. */
  readonly next: NextAction | null;
}

export async function readStatus(ledger: Ledger, clock: Clock, collection: string): Promise<Status> {
  const lock = await readLock(ledger, collection);
  if (lock === null || lock.migration === null)
    return { ...NO_STATUS, collection, owner: lock?.owner ?? null };
  const { migration } = lock;
  const [plan, state] = [await readPlan(ledger, migration), await readState(ledger, migration)];
  const progress = await backfillProgress(ledger, migration, state);
  const summary = progress?.summary ?? state.backfill ?? EMPTY_SUMMARY;
  const sum = outcomesOf(state, summary);
  const done = summary.tally.total;
  const rate = state.backfilled ? null : rateOf(summary, clock.now());
  const { owner } = lock;
  const { paused } = state;
  const isLoading = state.phase === "backfill" || state.phase === "catch-up";
  return {
    collection,
    migration,
    phase: state.phase,
    target: plan.target.collection,
    total: plan.sourcePoints,
    done,
    tally: sum.tally,
    rate,
    secondsLeft: rate === null || rate === 0 ? null : Math.max(0, plan.sourcePoints - done) / rate,
    dollars: dollarsOf(
      costParts(workOf(plan, addSummaries(summary, state.verified?.repairs ?? EMPTY_SUMMARY))),
    ),
    slowedBy: isLoading
      ? slowdownOf({
          ...{ paused, owner, rate, forecast: plan.forecast, work: state.backfilled ? null : summary },
          ...{ since: state.updatedAt, now: clock.now() },
        })
      : null,
    failuresByReason: sum.failuresByReason,
    gate: state.gate?.verdict ?? null,
    paused,
    owner,
    error: state.error?.message ?? null,
    next: owner === null || paused ? nextOf(plan, state) : null,
  };
}

async function backfillProgress(
  ledger: Ledger,
  migration: string,
  state: MigrationState,
): Promise<PassProgress | null> {
  if (state.backfilled || state.pass < 0) return null;
  const ranges = (await readRanges(ledger, migration)).length;
  return readProgress(ledger, { migration, pass: 0 }, { ranges, keep: false });
}

/** Outcomes of every point as they stand: the backfill's, with failures that a later pass repaired taken back. */
export function outcomesOf(state: MigrationState, backfill: Summary): Summary {
  const repairs = state.verified?.repairs ?? null;
  if (repairs === null || backfill.tally.failed === 0) return backfill;
  const mended = Math.max(0, backfill.tally.failed - failedPoints(state));
  const { migrated, failed } = backfill.tally;
  const tally = { ...backfill.tally, migrated: migrated + mended, failed: failed - mended };
  return {
    ...addSummaries(EMPTY_SUMMARY, backfill),
    tally,
    failuresByReason: repairs.failuresByReason,
    failures: repairs.failures,
  };
}

function rateOf({ tally, firstAt }: Summary, now: number): number | null {
  return firstAt === null || now <= firstAt ? null : tally.total / ((now - firstAt) / 1000);
}

const NO_STATUS: Status = {
  collection: "",
  migration: null,
  phase: "none",
  target: null,
  total: 0,
  done: 0,
  tally: { total: 0, migrated: 0, unchanged: 0, skipped: 0, failed: 0 },
  rate: null,
  secondsLeft: null,
  dollars: 0,
  slowedBy: null,
  failuresByReason: {},
  gate: null,
  paused: false,
  owner: null,
  error: null,
  next: null,
};
