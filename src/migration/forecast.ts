// How long, how much and how large, from a sample of real texts embedded by the real function.
import { DEFAULTS } from "../defaults.ts";
import { type CostRange, costRanges, travelBytes } from "./dollars.ts";
import type { JsonObject } from "./ports.ts";
import type { Sample } from "./sample.ts";
import { type ServerSpace, type Span, serverSpace } from "./serverSpace.ts";

export interface Forecast {
  readonly points: number;
  readonly texts: number;
  readonly tokens: number;
  readonly pages: number;
  readonly seconds: Span;
  /** On AWS: functions, queue, workflow, ledger and traffic; nothing on one machine. */
  readonly dollars: Span;
  /** What the dollars are for. Absent in plans that an earlier version wrote, like the next two. */
  readonly costs?: readonly CostRange[];
  /** What the second collection adds to the server until cleanup. */
  readonly space?: ServerSpace;
  /** What was assumed of a point besides its new vector, to grade `space` and `dollars` by what came over. */
  readonly sizes?: PointSizes;
  readonly says: string;
}

/** Bytes a point, on average: of its payload, and of vectors whose size the configuration does not set down. */
interface PointSizes {
  readonly payloadBytes: number;
  readonly otherBytes: number;
}

export interface ForecastBasis {
  readonly points: number;
  readonly pageSizePoints: number;
  readonly concurrency: number;
  /** Numbers of all dense vectors that are written with a point. */
  readonly numbersPerPoint: number;
  /** Body that creates the target, and the name of the new vector in it. */
  readonly create: JsonObject;
  readonly newVector: string;
}

export function makeForecast(sample: Sample, basis: ForecastBasis): Forecast {
  const { points, pageSizePoints, concurrency, numbersPerPoint, create, newVector } = basis;
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
  const sizes = { payloadBytes: sample.payloadBytes ?? 0, otherBytes: sample.otherBytes ?? 0 };
  const bytes = points * travelBytes(numbersPerPoint, sizes.payloadBytes);
  const costs = costRanges(
    { ms: workSeconds * 1000, pages, points, bytes },
    { low: forecastLow, high: forecastHigh },
  );
  return {
    points,
    texts,
    tokens,
    pages,
    seconds,
    dollars: { low: sumOf(costs, "low"), high: sumOf(costs, "high") },
    costs,
    space: serverSpace(create, { points, embedded: texts, newVector, ...sizes }),
    sizes,
    says: `From ${sample.texts} texts (${sample.tokens} tokens in ${(sample.ms / 1000).toFixed(2)} s of one embedder), ${concurrency} embedders side by side.`,
  };
}

/** A forecast from a sample is a range: machines differ and are shared. */
const spread = (value: number): Span => ({ low: value * forecastLow, high: value * forecastHigh });

const { forecastLow, forecastHigh } = DEFAULTS;

const sumOf = (costs: readonly CostRange[], end: keyof Span): number =>
  costs.reduce((sum, cost) => sum + cost[end], 0);
