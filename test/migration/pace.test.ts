// Step Functions ends an execution at 25,000 events of history: the sum for runs of every size, paused, stalled and
// shared, on a clock that is only counted.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { DEFAULTS } from "../../src/defaults.ts";
import { secondsToNextLook, secondsToReady } from "../../src/migration/pace.ts";

const HISTORY_EVENTS = 25_000;
// A task is entered, scheduled, started, succeeded and exited; a choice and a wait or pass are entered and exited.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
const EVENTS_A_TASK = 5;
const EVENTS_A_SMALL_STATE = 2;
const EVENTS_A_LOOK = EVENTS_A_TASK + 2 * EVENTS_A_SMALL_STATE;
const FOURTEEN_DAYS = 14 * 86_400;

/** Looks until `seconds` of steady work are done, or until the run's time limit when nothing moves after `stallsAt`. */
function looksOf({ seconds = Number.POSITIVE_INFINITY, stallsAt = Number.POSITIVE_INFINITY, sharing = 1 }): {
  readonly looks: number;
  readonly lateSeconds: number;
} {
  let [now, looks] = [0, 0];
  while (now < seconds && now < FOURTEEN_DAYS) {
    const moved = Math.min(now, stallsAt);
    const whole = Math.min(seconds, 2 * stallsAt);
    now += secondsToNextLook({
      elapsed: now,
      idle: now - moved,
      left: moved === 0 ? null : now * ((whole - moved) / moved),
      sharing,
    });
    looks++;
  }
  return { looks, lateSeconds: now - seconds };
}

/** Every call of a coordinator or verifier for a range, with the states around it. */
const callsOfRanges = (seconds: number): number =>
  DEFAULTS.rangesMax * (Math.ceil(seconds / 870) * EVENTS_A_LOOK + 2);

test("100 million points fit into one execution's history, whatever the concurrency", () => {
  const points = 100e6;
  // Ids are scrolled at 1,000 points a range and second at least, both sides compared at 500.
  const [planning, comparing] = [points / DEFAULTS.rangesMax / 1000, points / DEFAULTS.rangesMax / 500];
  for (const concurrency of [20, 100, 1000]) {
    const { looks } = looksOf({ seconds: points / (7 * concurrency) });
    // The backfill, three passes that repair and look, and everything that is done once.
    const ranges = callsOfRanges(planning) + 3 * callsOfRanges(comparing);
    const compared = looksOf({ seconds: comparing }).looks;
    const events = (looks + 3 * compared) * EVENTS_A_LOOK + ranges + 200;
    assert.ok(events < HISTORY_EVENTS, `${events} events at ${concurrency}`);
  }
});

test("a run that stalls or is paused at any moment lasts to its time limit", () => {
  for (const stallsAt of [0, 1, 60, 3600, 86_400]) {
    const { looks } = looksOf({ stallsAt });
    assert.ok(looks * EVENTS_A_LOOK < HISTORY_EVENTS / 2, `${looks} looks, stalled at ${stallsAt} s`);
  }
});

test("a look comes within a twentieth of the time it waited for", () => {
  for (const seconds of [10, 60, 600, 3600, 86_400, 10 * 86_400]) {
    const { lateSeconds } = looksOf({ seconds });
    assert.ok(
      lateSeconds <= Math.max(DEFAULTS.lookSecondsMin, seconds / 20),
      `${lateSeconds} s late after ${seconds}`,
    );
  }
});

test("the collections that share an execution fit into its history, few large ones and many small ones", () => {
  for (const [sharing, seconds] of [
    [2, 86_400],
    [10, 8 * 3600],
    [DEFAULTS.collectionsMax, 3600],
  ] as const) {
    const { looks } = looksOf({ seconds, sharing });
    // Two passes of a single range beside the backfill, and the states that are passed once: about thirty.
    const others = (3 * callsOfRanges(seconds / 6)) / DEFAULTS.rangesMax + 30 * EVENTS_A_TASK;
    const events = sharing * (looks * EVENTS_A_LOOK + others);
    assert.ok(events < HISTORY_EVENTS, `${events} events of ${sharing} collections`);
  }
});

test("waiting for the index looks at first every two seconds, in the end every five minutes", () => {
  const waits = Array.from({ length: 20 }).reduce<number[]>(
    (all) => [...all, secondsToReady(all.at(-1) ?? 0)],
    [],
  );

  assert.equal(waits[0], DEFAULTS.lookSecondsMin);
  assert.equal(waits.at(-1), DEFAULTS.lookSecondsMax);
});

interface State {
  readonly Type: string;
  readonly Next?: string;
  readonly Default?: string;
  readonly Choices?: readonly { readonly Next: string }[];
  readonly ItemProcessor?: { readonly States: Readonly<Record<string, State>> };
}

test("between two tasks of the definition lie at most a choice and a wait", () => {
  const path = join(import.meta.dirname, "..", "..", "infra", "workflow.asl.json");
  const { States } = JSON.parse(readFileSync(path, "utf8"));
  const levels: Readonly<Record<string, State>>[] = [];
  const collect = (states: Readonly<Record<string, State>>): void => {
    levels.push(states);
    for (const { ItemProcessor } of Object.values(states)) if (ItemProcessor) collect(ItemProcessor.States);
  };
  collect(States);
  for (const states of levels) {
    const small = (name: string | undefined): number => {
      const state = name === undefined ? undefined : states[name];
      if (state === undefined || state.Type === "Task" || state.Type === "Map") return 0;
      const next = [state.Next, state.Default, ...(state.Choices ?? []).map(({ Next }) => Next)];
      return 1 + Math.max(...next.map(small));
    };
    for (const [name, state] of Object.entries(states))
      if (state.Type === "Task") assert.ok(small(state.Next) <= 2, name);
  }
});
