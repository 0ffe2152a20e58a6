// Points migrated over time, in few enough buckets to be kept with every sum of records.
import { DEFAULTS } from "../defaults.ts";

/** Points by the time their page ended. Buckets are aligned to 1970, so that any two sums can be added. */
export interface Throughput {
  readonly bucketMs: number;
  /** Points by number of the bucket: its start divided by `bucketMs`. Only those with points. */
  readonly points: Readonly<Record<string, number>>;
}

/** One bucket of time, milliseconds since 1970 at its end. */
export interface ThroughputSample {
  readonly at: number;
  readonly pointsPerSecond: number;
}

export const NO_THROUGHPUT: Throughput = { bucketMs: DEFAULTS.throughput.bucketMs, points: {} };

export const throughputOf = (at: number, points: number): Throughput =>
  points === 0
    ? NO_THROUGHPUT
    : { ...NO_THROUGHPUT, points: { [Math.floor(at / NO_THROUGHPUT.bucketMs)]: points } };

/** The finest buckets that both fit into: the order of adding makes no difference. */
export function addThroughputs(a: Throughput, b: Throughput): Throughput {
  let bucketMs = Math.max(a.bucketMs, b.bucketMs);
  let points = merge([a, b], bucketMs);
  while (spanOf(points) > DEFAULTS.throughput.bucketsMax) {
    points = merge([{ bucketMs, points }], 2 * bucketMs);
    bucketMs *= 2;
  }
  return { bucketMs, points };
}

/** Widths are powers of two times the first, so that a finer bucket lies in exactly one coarser. */
function merge(parts: readonly Throughput[], bucketMs: number): Readonly<Record<string, number>> {
  const sum: Record<string, number> = {};
  for (const part of parts)
    for (const [bucket, points] of Object.entries(part.points)) {
      const coarse = Math.floor((Number(bucket) * part.bucketMs) / bucketMs);
      sum[coarse] = (sum[coarse] ?? 0) + points;
    }
  return sum;
}

const edgesOf = (points: Readonly<Record<string, number>>): readonly [number, number] | null => {
  const buckets = Object.keys(points).map(Number);
  return buckets.length === 0 ? null : [Math.min(...buckets), Math.max(...buckets)];
};

function spanOf(points: Readonly<Record<string, number>>): number {
  const edges = edgesOf(points);
  return edges === null ? 0 : edges[1] - edges[0] + 1;
}

/**
 * The rate of every bucket between the first and the last, also of those in which nothing ended. `between` is when the
 * work began and ended: the outer buckets are only as wide as they were worked in. Null where one bucket says it all.
 */
export function throughputSamples(
  { bucketMs, points }: Throughput,
  between: { readonly from: number; readonly to: number },
): readonly ThroughputSample[] | null {
  const edges = edgesOf(points);
  if (edges === null || edges[0] === edges[1]) return null;
  return Array.from({ length: spanOf(points) }, (_, index) => {
    const bucket = edges[0] + index;
    const start = Math.max(bucket * bucketMs, between.from);
    const end = Math.min((bucket + 1) * bucketMs, Math.max(between.to, start + 1));
    return { at: end, pointsPerSecond: (1000 * (points[bucket] ?? 0)) / (end - start) };
  });
}
