// How often a run looks at its own progress. An execution's history holds 25,000 events and ends the run when it is
// full, so a look, which costs nine, has to be worth it: docs/scale.md, and test/migration/pace.test.ts does the sum.
import { DEFAULTS } from "../defaults.ts";

export interface Pace {
  /** Seconds since the pass began, and since it last got on. */
  readonly elapsed: number;
  readonly idle: number;
  /** Seconds the pass still needs at its present rate; null while nothing is known. */
  readonly left: number | null;
  /** Collections that share the execution's history. */
  readonly sharing: number;
}

/**
 * Whole seconds until the next look: a share of the time that is still needed, but not a small part of the time
 * nothing moved (a pause, an outage), so that their number grows with the logarithm of the time and no faster.
 */
export function secondsToNextLook({ elapsed, idle, left, sharing }: Pace): number {
  const { lookShare, lookShareMax, lookIdleShare, lookElapsedShare } = DEFAULTS;
  const { lookSecondsMin, lookSecondsMax, lookSharing } = DEFAULTS;
  const rarer = Math.max(1, sharing / lookSharing);
  const wanted = (left ?? 0) * Math.min(lookShareMax, lookShare * rarer);
  const least = Math.max(lookSecondsMin, idle * lookIdleShare * rarer);
  const most = Math.max(lookSecondsMax, elapsed * lookElapsedShare * rarer);
  return Math.round(Math.min(most, Math.max(least, wanted)));
}

/** Until the server is looked at again: each time half as long again as before, in the bounds of any look. */
export const secondsToReady = (secondsBefore: number): number =>
  Math.round(
    Math.min(
      DEFAULTS.lookSecondsMax,
      Math.max(DEFAULTS.lookSecondsMin, secondsBefore * DEFAULTS.readyGrowth),
    ),
  );
