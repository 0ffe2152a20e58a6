import { compareIds, type Interval, type PointId } from "./ids.ts";

/**
 * Cuts the id space into at most `count` ranges of about the same number of points, by quantiles of sampled ids.
 * They tile it: the first is open at its start, the last at its end, each begins where the one before ends.
 */
export function makeRanges(sampled: readonly PointId[], count: number): readonly Interval[] {
  const ids = [...new Set(sampled)].sort(compareIds);
  const cuts = Array.from(
    { length: count - 1 },
    (_, index) => ids[Math.floor(((index + 1) * ids.length) / count)],
  );
  const bounds = [...new Set(cuts.filter((id) => id !== undefined))];
  return [null, ...bounds].map((lo, index) => ({ lo, hi: bounds[index] ?? null }));
}
