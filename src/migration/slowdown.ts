// Why a migration does not get on as it should, as far as its ledger can tell.
import { DEFAULTS } from "../defaults.ts";
import type { Forecast } from "./forecast.ts";
import type { Summary } from "./record.ts";

export interface Movement {
  readonly paused: boolean;
  /** Execution that holds the lock; null: nobody works on it. */
  readonly owner: string | null;
  readonly forecast: Pick<Forecast, "points" | "seconds">;
  /** Of the pages recorded so far; null once all are: what comes then compares, and may have nothing to record. */
  readonly work: Pick<Summary, "tally" | "ms" | "waitedMs" | "lastAt"> | null;
  /** Points a second since the first page; null before it. */
  readonly rate: number | null;
  /** When the pass began, and now: milliseconds since 1970. */
  readonly since: number;
  readonly now: number;
}

/** The heaviest reason of a load under way, as a sentence that says what to do; null when it gets on as foreseen. */
export function slowdownOf(movement: Movement): string | null {
  const { paused, owner, work } = movement;
  if (paused) return "Paused by a person; resume goes on.";
  if (owner === null) return "No run is at work; start migrate again, it goes on where it was.";
  if (work === null) return null;
  return silenceOf(work, movement) ?? waitingOf(work) ?? belowForecast(work, movement);
}

type Work = NonNullable<Movement["work"]>;

function silenceOf(work: Work, { since, now }: Movement): string | null {
  const seconds = Math.round((now - Math.max(work.lastAt ?? since, since)) / 1000);
  if (seconds < DEFAULTS.quietSeconds) return null;
  return `No page got its record for ${seconds} s. Look at the embedder's log for errors, then at Qdrant's health and key.`;
}

function waitingOf({ ms, waitedMs }: Work): string | null {
  const share = ms === 0 ? 0 : waitedMs / ms;
  if (share < DEFAULTS.waitShareTold) return null;
  return `Qdrant asked to wait (429) for ${Math.round(share * 100)} % of the embedders' time. It is overloaded or limited: lower the concurrency, or raise its limits.`;
}

function belowForecast(work: Work, { forecast, rate }: Movement): string | null {
  const least = forecast.points / forecast.seconds.high;
  // The first pages load the model.
  if (rate === null || work.tally.total < DEFAULTS.ratePointsMin || rate >= least) return null;
  return `${rate.toFixed(1)} points a second, where the forecast expected ${least.toFixed(1)} or more: fewer embedders run than the concurrency allows, or Qdrant answers slowly.`;
}
