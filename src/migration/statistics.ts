// Means with honest uncertainty. Pure: random numbers come from the caller, seeded.
import { DEFAULTS } from "../defaults.ts";
import type { Random } from "./random.ts";

/** A mean and the 95 % interval in which it would lie with other queries of the same kind. */
export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export interface Spread {
  readonly p50: number;
  readonly p95: number;
}

/** 0 for an empty list; look at the length where nothing and zero must be told apart. */
export const average = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let n = 0; n < values.length; n++) sum += values[n] ?? 0;
  return values.length === 0 ? 0 : sum / values.length;
};

/**
 * The `share` quantile (0 to 1) of ascending values, interpolated between neighbours. NaN for an empty list.
 */
export function quantile(ascending: ArrayLike<number>, share: number): number {
  const at = Math.min(Math.max(share, 0), 1) * (ascending.length - 1);
  const [below, above] = [ascending[Math.floor(at)], ascending[Math.ceil(at)]];
  if (below === undefined || above === undefined) return Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

export function spreadOf(values: readonly number[]): Spread {
  const ascending = Float64Array.from(values).sort();
  return { p50: quantile(ascending, 0.5), p95: quantile(ascending, 0.95) };
}

/** Mean of as many values as there are, each drawn from all of them. */
function resampledMean(values: readonly number[], random: Random): number {
  let sum = 0;
  for (let n = 0; n < values.length; n++) sum += values[Math.floor(random() * values.length)] ?? 0;
  return sum / values.length;
}

export interface EstimateOptions {
  readonly resamples?: number;
  /** Share of resampled means inside the interval. */
  readonly level?: number;
}

/**
 * Percentile bootstrap of a mean. For a paired comparison give the differences, query by query: what makes a
 * query hard for both models then cancels out.
 */
export function estimateMean(
  values: readonly number[],
  random: Random,
  { resamples = DEFAULTS.quality.resamples, level = 0.95 }: EstimateOptions = {},
): Estimate {
  const mean = average(values);
  if (values.length === 0) return { mean, low: mean, high: mean };
  const means = Float64Array.from({ length: resamples }, () => resampledMean(values, random)).sort();
  const tail = (1 - level) / 2;
  return { mean, low: quantile(means, tail), high: quantile(means, 1 - tail) };
}
