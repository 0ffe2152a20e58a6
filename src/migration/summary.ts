import { ERROR_NAMES } from "../contract.ts";
import type { Outcome } from "./run.ts";
import { addTallies, EMPTY_TALLY, type Tally } from "./tally.ts";

// A Fail state's cause may have 32,768 characters.
const CAUSE_CHARS_MAX = 30_000;

/** The workflow's output: every collection's outcome, and the sum. */
export interface RunSummary {
  readonly isGood: boolean;
  readonly outcomes: readonly Outcome[];
  readonly leftAlone: readonly { readonly collection: string; readonly why: string }[];
  readonly tally: Tally;
  /** Name and sentence of the failure, for the console; empty when all is good. */
  readonly error: string;
  readonly cause: string;
}

/** A refusal anywhere makes the whole refused, a failure makes it failed; the others went on all the same. */
export function summarize(outcomes: readonly Outcome[], leftAlone: RunSummary["leftAlone"]): RunSummary {
  const bad = outcomes.filter(({ status }) => !isGoodStatus(status));
  const failed = bad.find(({ status }) => status !== "REFUSED");
  return {
    isGood: bad.length === 0,
    outcomes,
    leftAlone,
    tally: outcomes.reduce((sum, { tally }) => (tally === null ? sum : addTallies(sum, tally)), EMPTY_TALLY),
    error: bad.length === 0 ? "" : (failed?.error?.name ?? ERROR_NAMES.refused),
    cause: bad
      .map(({ collection, says }) => `${collection}: ${says}`)
      .join(" | ")
      .slice(0, CAUSE_CHARS_MAX),
  };
}

const isGoodStatus = (status: Outcome["status"]): boolean =>
  status !== "FAILED" && status !== "REFUSED" && status !== "NOT_READY" && status !== "DIFFERENT";
