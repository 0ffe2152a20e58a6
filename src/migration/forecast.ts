// How long, how much and how large, from a sample of real texts embedded by the real function.
import { DEFAULTS } from "../defaults.ts";
import type { Sample } from "./sample.ts";

interface Span {
  readonly low: number;
  readonly high: number;
}

export interface Forecast {
  readonly points: number;
  readonly texts: number;
  readonly tokens: number;
  readonly pages: number;
  readonly seconds: Span;
  /** On AWS: functions, queue, workflow and ledger; nothing on one machine. */
  readonly dollars: Span;
  /** What the second collection adds to the server until cleanup. */
  readonly extraMemoryMiB: number;
  readonly extraDiskMiB: number;
  readonly says: string;
}

export interface ForecastBasis {
  readonly points: number;
  readonly pageSizePoints: number;
  readonly concurrency: number;
  readonly dimensions: number;
}

const MIB = 1024 * 1024;

export function makeForecast(sample: Sample, basis: ForecastBasis): Forecast {
  const { points, pageSizePoints, concurrency, dimensions } = basis;
  const texts = sample.points === 0 ? 0 : Math.round((points * sample.withText) / sample.points);
  const tokensPerText = sample.texts === 0 ? 0 : sample.tokens / sample.texts;
  const tokens = Math.round(texts * tokensPerText);
  const pages = Math.ceil(points / pageSizePoints);
  const embedSeconds = sample.tokens === 0 ? 0 : (tokens / sample.tokens) * (sample.ms / 1000);
  // Reading and writing a point costs the server about a millisecond all told; embedding dominates.
  const workSeconds = embedSeconds + points * DEFAULTS.secondsPerPoint;
  const working = spread(workSeconds / concurrency);
  // Embedders that are not running yet load their model first.
  const seconds = { low: working.low, high: working.high + DEFAULTS.coldStartSeconds };
  return {
    points,
    texts,
    tokens,
    pages,
    seconds,
    dollars: spread(dollarsOf({ ms: workSeconds * 1000, pages })),
    ...extraOf(points * dimensions),
    says: `From ${sample.texts} texts (${sample.tokens} tokens in ${(sample.ms / 1000).toFixed(2)} s of one embedder), ${concurrency} embedders side by side.`,
  };
}

/** What so many float32 numbers add to the server, by its own rule; on disk, segments are written twice while they grow. */
export function extraOf(numbers: number): Pick<Forecast, "extraMemoryMiB" | "extraDiskMiB"> {
  const extraMemoryMiB = Math.ceil((numbers * 4 * DEFAULTS.memoryFactor) / MIB);
  return { extraMemoryMiB, extraDiskMiB: extraMemoryMiB * 2 };
}

/** US dollars by AWS's list prices for so many milliseconds of embedders, over so many pages. */
export const dollarsOf = (work: { readonly ms: number; readonly pages: number }): number =>
  (work.ms / 1000) * DEFAULTS.embedderGiB * DEFAULTS.dollarsPerGiBSecond +
  work.pages * DEFAULTS.dollarsPerPage;

/** A forecast from a sample is a range: machines differ and are shared. */
const spread = (value: number): Span => ({
  low: value * DEFAULTS.forecastLow,
  high: value * DEFAULTS.forecastHigh,
});
