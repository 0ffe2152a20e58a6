// A score of 0.5 means something else with every model. Readers who filter by score need new numbers.
import { DEFAULTS } from "../defaults.ts";

/** The thresholds a report translates: those the user named and the usual ones, each once, ascending. */
export const thresholdsToTranslate = (named: readonly number[]): readonly number[] =>
  [...new Set([...named, ...DEFAULTS.scoreThresholds])].sort((a, b) => a - b);

interface ThresholdChange {
  /** What readers use with the old model. */
  readonly old: number;
  /** Share of pairs the old value lets pass, 0 to 1. */
  readonly oldShare: number;
  /** What to use with the new model; null when no pair passes the old value: there is nothing to match. */
  readonly new: number | null;
  /** Share the new value lets pass: the old share but for equal scores. */
  readonly newShare: number | null;
}

interface SharePoint {
  readonly score: number;
  /** Share of pairs with at least this score. */
  readonly old: number;
  readonly new: number;
}

export interface Thresholds {
  /** Pairs of query and memory behind the numbers; the same ones for both models. */
  readonly pairs: number;
  readonly changes: readonly ThresholdChange[];
  /** Both curves from the lowest to the highest score, ascending. */
  readonly curve: readonly SharePoint[];
}

export interface ThresholdsInput {
  /** Cosines of the same pairs, in any order. */
  readonly oldScores: ArrayLike<number>;
  readonly newScores: ArrayLike<number>;
  readonly thresholds?: readonly number[];
}

// 81 points draw a smooth curve and add 3 kB to the report.
const CURVE_STEPS = 80;
// Four decimals: the scores of neighbours differ in the third.
const DIGITS = 1e4;

/** How many of the ascending scores are at least `score`. Qdrant's `score_threshold` keeps equal scores too. */
function countPassing(ascending: Float64Array, score: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) < score) low = middle + 1;
    else high = middle;
  }
  return ascending.length - low;
}

function changeFor(threshold: number, before: Float64Array, after: Float64Array): ThresholdChange {
  const passing = countPassing(before, threshold);
  const oldShare = passing / before.length;
  if (passing === 0) return { old: threshold, oldShare, new: null, newShare: null };
  // The lowest score that still passes, rounded down so that it keeps passing.
  const weakest = after[after.length - passing] ?? 0;
  const value = Math.floor(weakest * DIGITS) / DIGITS;
  return { old: threshold, oldShare, new: value, newShare: countPassing(after, value) / after.length };
}

function curveOf(before: Float64Array, after: Float64Array): SharePoint[] {
  const low = Math.min(before[0] ?? 0, after[0] ?? 0);
  const high = Math.max(before.at(-1) ?? 0, after.at(-1) ?? 0);
  return Array.from({ length: CURVE_STEPS + 1 }, (_, step) => {
    const score = low + ((high - low) * step) / CURVE_STEPS;
    return {
      score,
      old: countPassing(before, score) / before.length,
      new: countPassing(after, score) / after.length,
    };
  });
}

/** For each old threshold the new model's value that lets the same share of pairs pass. Null without pairs. */
export function translateThresholds(input: ThresholdsInput): Thresholds | null {
  const before = Float64Array.from(input.oldScores).sort();
  const after = Float64Array.from(input.newScores).sort();
  if (before.length !== after.length || !before.every(Number.isFinite) || !after.every(Number.isFinite))
    throw new RangeError(
      `Thresholds need finite scores of the same pairs, got ${before.length} old and ${after.length} new ones. This is a bug.`,
    );
  if (before.length === 0) return null;
  return {
    pairs: before.length,
    changes: (input.thresholds ?? DEFAULTS.scoreThresholds).map((value) => changeFor(value, before, after)),
    curve: curveOf(before, after),
  };
}
