// One seed, one run: how bad the weather is and what is done is drawn from the seed as well.
import { operate } from "./scenario.ts";
import { drawSetting, makeWeather } from "./weather.ts";
import { type Breakage, fillSource, World } from "./world.ts";
import { startWriters, type Writing } from "./writers.ts";

// The worst weather seen took 62,000.
const STEPS_MAX = 100_000;
/** So that something is written in every phase. */
const WRITES_A_PHASE = 4;

export interface Simulated {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly steps: number;
  /** The last steps before the end, or before the first violation. */
  readonly trace: readonly string[];
  /** Kinds of trouble that its weather held. */
  readonly troubles: readonly string[];
}

export interface Simulation {
  readonly breakage?: Breakage;
  /** Kinds of trouble of `weather.ts` that are left out. */
  readonly without?: readonly string[];
}

export async function simulate(
  seed: number,
  { breakage = {}, without = [] }: Simulation = {},
): Promise<Simulated> {
  const world = new World(seed, breakage);
  const { schedule, watch } = world;
  const memories = schedule.between(6, 14);
  const setting = drawSetting(world, { memories, without });
  await fillSource(world, memories);
  const writing: Writing = {
    isOn: true,
    left: 0,
    againMsMax: 700,
    pauseMsMax: schedule.random.pick([800, 3000, 20_000]),
    deaths: schedule.random.pick([0, 0.2]),
    memories,
  };
  world.onPhase = () => {
    writing.left = Math.max(writing.left, WRITES_A_PHASE);
  };
  startWriters(world, writing);
  const weather = makeWeather(world, without);
  let isOver = false;
  operate(world, writing, weather).then(
    () => {
      isOver = true;
    },
    (error) => watch.fail(`the scenario broke: ${String(error)}`),
  );
  const ended = await schedule.run(() => {
    watch.always();
    return isOver || watch.violations.length > 0;
  }, STEPS_MAX);
  if (!ended) watch.fail(`it has not ended after ${schedule.steps} steps`);
  const troubles = [...Object.keys(weather).filter((name) => (weather[name] ?? 0) > 0), ...setting];
  return { seed, violations: watch.violations, steps: schedule.steps, trace: schedule.trace, troubles };
}
