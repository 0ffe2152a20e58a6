// How bad the weather of a run is, drawn from its seed: every fault by its name.
import { PLAIN, READERS_NAME, shardsFor } from "./setting.ts";
import type { World } from "./world.ts";

/** Rate of each fault; what a name means stands where it is used. */
export type Weather = Readonly<Record<string, number>>;

/** Draws in an order that never changes: a seed keeps its weather when faults are added at the end. */
function drawWeather(world: World): Weather {
  const { random, more } = world.schedule;
  const some = (...rates: readonly number[]) => random.pick(rates);
  const first = {
    kill: some(0, 0.002, 0.01),
    refuse: some(0, 0.005, 0.02),
    lose: some(0, 0.005, 0.02),
    half: some(0, 0.05),
    short: some(0, 0.1),
    patience: some(0, 0, 0.1),
    slow: some(0.06, 0.06, 0.25),
    twice: some(0, 0.1),
    late: some(0, 0.1),
    lost: some(0, 0.03, 0.15),
    miscounted: some(0, 0.1),
    call: some(0, 0.01, 0.04),
    killed: some(0, 0.4),
    rival: some(0, 0.3),
    paused: some(0, 0.2),
  };
  // In every second run none of the later ones: too many at once hide each other.
  const isMore = more.int(2) === 0;
  const later = (...rates: readonly number[]) => (isMore ? more.pick(rates) : 0);
  return {
    ...first,
    slowWrite: later(0, 0.1, 0.3),
    orphan: later(0, 0.5),
    queued: later(0, 0, 0.03),
    slowAnswer: later(0, 0, 0.02),
    conflict: later(0, 0.1),
    otherModel: later(0, 0, 0.1),
    skewMs: later(0, 1000, 300_000),
    ranges: later(0, 1),
    aborted: later(0, 0, 0.2),
    cleaned: later(0, 0.3),
    // Of swaps with an override, which may leave differences on somebody's word. Drawn on, for the seeds that are kept.
    unused: later(0, 0, 1),
    slowRead: later(0, 0.02, 0.05),
    staleRead: later(0, 0, 0.1, 0.5),
    cleanedUp: later(0, 1),
    neighbour: later(0, 1),
    stalled: later(0, 0, 0.005, 0.02),
    steered: later(0, 0, 0.3),
  };
}

/** Draws what is migrated, and names what of it is out of the ordinary. */
export function drawSetting(
  { schedule, truth }: World,
  { memories, without }: { readonly memories: number; readonly without: readonly string[] },
): readonly string[] {
  const drawn = ["bridge", "ownName", "shards", "fence"].filter(() => schedule.setting.int(3) === 0);
  const names = drawn.filter((name) => !without.includes(name));
  truth.setting = {
    source: names.includes("ownName") ? READERS_NAME : "chat_4d",
    isBridge: names.includes("bridge"),
    isFenced: names.includes("fence"),
    shardOf: names.includes("shards") ? shardsFor(memories) : PLAIN.shardOf,
  };
  return names;
}

/** Draws the weather and makes it, without the kinds of trouble that are named. */
export function makeWeather(world: World, without: readonly string[]): Weather {
  const names = new Set(without);
  const all = Object.entries(drawWeather(world)).filter(([name]) => !names.has(name));
  const drawn: Weather = Object.fromEntries(all);
  const rate = (name: string): number => drawn[name] ?? 0;
  const [kill, refuse, lose] = [rate("kill"), rate("refuse"), rate("lose")];
  world.rates = {
    kill,
    refuse,
    lose,
    half: rate("half"),
    short: rate("short"),
    patience: rate("patience"),
  };
  world.schedule.slowShare = rate("slow");
  world.queueRates = {
    twice: rate("twice"),
    late: rate("late"),
    lost: rate("lost"),
    miscounted: rate("miscounted"),
  };
  world.callRate = rate("call");
  world.hazards = {
    slowWrite: rate("slowWrite"),
    orphan: rate("orphan"),
    queued: rate("queued"),
    slowAnswer: rate("slowAnswer"),
    stalled: rate("stalled"),
    slowRead: rate("slowRead"),
    staleRead: rate("staleRead"),
    conflict: rate("conflict"),
    otherModel: rate("otherModel"),
    skewMs: rate("skewMs"),
  };
  if (world.hazards.staleRead > 0) world.followReplica();
  world.hasRanges = rate("ranges") > 0;
  return drawn;
}
