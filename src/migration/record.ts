// What became of a page, kept for ever: the first record of a page wins.
import { DEFAULTS } from "../defaults.ts";
import type { Failure, Reconciled, Skip } from "./reconcile.ts";
import { addCounts, addTallies, type Counts, EMPTY_TALLY, type Tally } from "./tally.ts";
import { addThroughputs, NO_THROUGHPUT, type Throughput, throughputOf } from "./throughput.ts";

/** All that reconcile says of a page but what it found on the way in. */
export interface PageRecord extends Omit<Reconciled, "found"> {
  readonly v: 1;
  /** Time the reconcile took, and when it ended (milliseconds since 1970). */
  readonly ms: number;
  readonly at: number;
  /** Part of that time for which Qdrant asked to be left alone; pages of one process that run together share it. */
  readonly waitedMs: number;
}

export function recordOf(
  reconciled: Reconciled,
  time: Pick<PageRecord, "ms" | "at" | "waitedMs">,
): PageRecord {
  const { found: _, ...outcome } = reconciled;
  return { v: 1, ...outcome, ...time };
}

/** Records added up. The first failures and skipped points are listed, all are counted by reason. */
export interface Summary {
  readonly pages: number;
  readonly tally: Tally;
  readonly deleted: number;
  readonly embedded: number;
  readonly tokens: number;
  readonly truncated: number;
  readonly tokensLost: number;
  /** Milliseconds of work, over all pages. */
  readonly ms: number;
  /** Milliseconds of it that Qdrant asked to be left alone (429). */
  readonly waitedMs: number;
  readonly failuresByReason: Counts;
  readonly retryableFailures: number;
  readonly failures: readonly Failure[];
  readonly skippedByReason: Counts;
  readonly skipped: readonly Skip[];
  readonly firstAt: number | null;
  readonly lastAt: number | null;
  /** Points migrated over time; absent in sums that an earlier version stored. */
  readonly throughput?: Throughput;
}

export const EMPTY_SUMMARY: Summary = {
  pages: 0,
  tally: EMPTY_TALLY,
  deleted: 0,
  embedded: 0,
  tokens: 0,
  truncated: 0,
  tokensLost: 0,
  ms: 0,
  waitedMs: 0,
  failuresByReason: {},
  retryableFailures: 0,
  failures: [],
  skippedByReason: {},
  skipped: [],
  firstAt: null,
  lastAt: null,
  throughput: NO_THROUGHPUT,
};

export function addSummaries(a: Summary, b: Summary): Summary {
  return {
    pages: a.pages + b.pages,
    tally: addTallies(a.tally, b.tally),
    deleted: a.deleted + b.deleted,
    embedded: a.embedded + b.embedded,
    tokens: a.tokens + b.tokens,
    truncated: a.truncated + b.truncated,
    tokensLost: a.tokensLost + b.tokensLost,
    ms: a.ms + b.ms,
    waitedMs: a.waitedMs + b.waitedMs,
    failuresByReason: addCounts(a.failuresByReason, b.failuresByReason),
    retryableFailures: a.retryableFailures + b.retryableFailures,
    failures: [...a.failures, ...b.failures].slice(0, DEFAULTS.listedPointsMax),
    skippedByReason: addCounts(a.skippedByReason, b.skippedByReason),
    skipped: [...a.skipped, ...b.skipped].slice(0, DEFAULTS.listedPointsMax),
    firstAt: earliest(a.firstAt, b.firstAt),
    lastAt: latest(a.lastAt, b.lastAt),
    throughput: addThroughputs(a.throughput ?? NO_THROUGHPUT, b.throughput ?? NO_THROUGHPUT),
  };
}

export function summaryOf(record: PageRecord): Summary {
  return {
    pages: 1,
    tally: record.tally,
    deleted: record.deleted,
    embedded: record.embedded,
    tokens: record.tokens,
    truncated: record.truncated,
    tokensLost: record.tokensLost,
    ms: record.ms,
    waitedMs: record.waitedMs,
    failuresByReason: countReasons(record.failures),
    retryableFailures: record.failures.filter(({ retryable }) => retryable).length,
    failures: record.failures,
    skippedByReason: countReasons(record.skipped),
    skipped: record.skipped,
    firstAt: record.at - record.ms,
    lastAt: record.at,
    throughput: throughputOf(record.at, record.tally.migrated),
  };
}

function countReasons(points: readonly { readonly reason: string }[]): Counts {
  const counts: Record<string, number> = {};
  for (const { reason } of points) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

const earliest = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);
const latest = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.max(a, b);
