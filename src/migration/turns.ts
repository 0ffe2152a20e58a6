// One execution has 25,000 events of history and 256 KiB of output: how many collections of a prefix it takes up,
// and how much it says of each. What does not fit is named, and the same input takes it up next time.
import { DEFAULTS } from "../defaults.ts";
import { readLock } from "./lock.ts";
import type { Ledger } from "./ports.ts";
import type { Outcome } from "./run.ts";
import { spaceText } from "./serverSpace.ts";
import { readState } from "./state.ts";

export interface LeftAlone {
  readonly collection: string;
  readonly why: string;
}

/** The sources this execution works on: all, or those that have waited longest, so that repeating gets to each. */
export async function takeTurns(
  ledger: Ledger,
  sources: readonly string[],
): Promise<{ readonly taken: readonly string[]; readonly leftAlone: readonly LeftAlone[] }> {
  if (sources.length <= DEFAULTS.collectionsMax) return { taken: sources, leftAlone: [] };
  const workedOn = new Map<string, number>();
  for (const source of sources) workedOn.set(source, await lastWorkedOn(ledger, source));
  const waiting = [...sources].sort((a, b) => (workedOn.get(a) ?? 0) - (workedOn.get(b) ?? 0));
  const why = `one execution takes up ${DEFAULTS.collectionsMax} collections; start the same input again for the others`;
  return {
    taken: waiting.slice(0, DEFAULTS.collectionsMax),
    leftAlone: waiting.slice(DEFAULTS.collectionsMax).map((collection) => ({ collection, why })),
  };
}

async function lastWorkedOn(ledger: Ledger, source: string): Promise<number> {
  const migration = (await readLock(ledger, source))?.migration ?? null;
  return migration === null ? 0 : (await readState(ledger, migration)).updatedAt;
}

/** As many names as a person reads; the rest is a number. */
export function listed(leftAlone: readonly LeftAlone[]): readonly LeftAlone[] {
  const shown = leftAlone.slice(0, DEFAULTS.collectionsMax);
  const more = leftAlone.length - shown.length;
  return more === 0 ? shown : [...shown, { collection: `${more} more`, why: "as those before" }];
}

const shortSentence = (text: string): string =>
  text.length <= DEFAULTS.sentenceCharsMax ? text : `${text.slice(0, DEFAULTS.sentenceCharsMax - 1)}…`;

/** An outcome of which `sharing` fit side by side: sentences are shortened, and a long plan becomes its forecast. */
export function fittingOutcome(outcome: Outcome, sharing: number): Outcome {
  const { plan, error } = outcome;
  const isLong = plan !== null && JSON.stringify(plan).length > DEFAULTS.outcomesCharsMax / sharing / 2;
  return {
    ...outcome,
    says: shortSentence(isLong ? `${outcome.says} ${forecastSentence(plan)}` : outcome.says),
    error: error === null ? null : { ...error, message: shortSentence(error.message) },
    plan: isLong ? null : plan,
  };
}

function forecastSentence({ target, forecast, warnings }: NonNullable<Outcome["plan"]>): string {
  const { points, seconds, dollars, space } = forecast;
  return [
    `${points} points to ${target.collection} (${target.contract.id}):`,
    `${Math.round(seconds.low)} to ${Math.round(seconds.high)} s, $${dollars.low.toFixed(2)} to $${dollars.high.toFixed(2)},`,
    ...(space === undefined ? [] : [`${spaceText(space)};`]),
    `${warnings.length} warnings.`,
    "Ask for this collection alone to see its whole plan.",
  ].join(" ");
}
