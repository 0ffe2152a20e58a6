// What a run took, and how right its forecast was.
import { DEFAULTS } from "../defaults.ts";
import { costParts, dollarsOf, travelBytes, type Work } from "./dollars.ts";
import type { Plan } from "./plan.ts";
import type { Summary } from "./record.ts";
import type { ForecastLine } from "./report.ts";
import { type Span, serverSpace } from "./serverSpace.ts";
import type { Tally } from "./tally.ts";

/** The work of AWS behind a sum of pages. */
export function workOf({ layout, source, target, forecast }: Plan, { ms, pages, tally }: Summary): Work {
  const numbers = target.dimensions + (layout === "bridge" ? source.dimensions : 0);
  const bytes = tally.migrated * travelBytes(numbers, forecast.sizes?.payloadBytes ?? 0);
  return { ms, pages, points: tally.total, bytes };
}

/**
 * The forecast beside what became of it.
 * @param there outcomes of the points that came over; null while the load goes on
 */
export function gradedForecast(plan: Plan, backfill: Summary, there: Tally | null): readonly ForecastLine[] {
  const { forecast } = plan;
  const { firstAt, lastAt, embedded, tokens, pages } = backfill;
  const seconds = firstAt === null || lastAt === null ? null : (lastAt - firstAt) / 1000;
  const dollars = pages === 0 ? null : dollarsOf(costParts(workOf(plan, backfill)));
  return [
    { name: "Time to load", unit: "s", forecast: forecast.seconds, actual: seconds },
    { name: "Texts embedded", unit: "texts", forecast: widened(forecast.texts), actual: embedded },
    { name: "Tokens", unit: "tokens", forecast: widened(forecast.tokens), actual: tokens },
    { name: "AWS by list prices, with traffic", unit: "USD", forecast: forecast.dollars, actual: dollars },
    ...spaceLines(plan, there),
  ];
}

/** The server does not say what one collection takes: its rule for what came over stands for it. */
function spaceLines(plan: Plan, there: Tally | null): readonly ForecastLine[] {
  const { space, sizes } = plan.forecast;
  if (space === undefined || sizes === undefined) return [];
  const actual = there === null ? null : spaceOf(plan, there, sizes);
  const line = (name: string, unit: Span, high: number | undefined): ForecastLine => ({
    name: `Qdrant's ${name} until cleanup`,
    unit: "MiB",
    forecast: { low: widened(unit.low).low, high: widened(unit.high).high },
    actual: high ?? null,
  });
  return [
    line("memory", space.memoryMiB, actual?.memoryMiB.high),
    line("disk", space.diskMiB, actual?.diskMiB.high),
  ];
}

function spaceOf(
  { create, target, emptyText }: Plan,
  { total, migrated, unchanged, skipped }: Tally,
  sizes: NonNullable<Plan["forecast"]["sizes"]>,
) {
  return serverSpace(create, {
    points: emptyText === "skip" ? total - skipped : total,
    embedded: migrated + unchanged,
    newVector: target.vectorName,
    ...sizes,
  });
}

/** Counted in a sample and multiplied. */
const widened = (value: number): Span => ({
  low: value * (1 - DEFAULTS.sampleSpread),
  high: value * (1 + DEFAULTS.sampleSpread),
});
