// What a person does in one run, with everything that gets in the way: starts over, a rival, a pause, a kill.
import { Neighbour } from "./neighbour.ts";
import { Actor } from "./schedule.ts";
import { migrationOf, READERS_NAME, swapOf, TARGET } from "./setting.ts";
import type { Weather } from "./weather.ts";
import type { Started, World } from "./world.ts";
import type { Writing } from "./writers.ts";

const RESUME = { action: "resume", collection: READERS_NAME };
const ATTEMPTS_MAX = 14;
/** After so many tries the writers pause, and after twice as many nothing fails any more. */
const PATIENT_ATTEMPTS = 3;

/** Then the writers are quiet until the next goal. */
const WRITES_A_GOAL = 8;
const WRITES_AT_REST = 24;
/** Functions that treat one memory at the same time overtake each other where a write is slow. */
const SLOW_AT_REST = 0.3;

type Goal = "migrate" | "cutover" | "rollback";
const ENDS: Readonly<Record<Goal, string>> = { migrate: "READY", cutover: "DONE", rollback: "ROLLED_BACK" };
const PLANS: readonly (readonly Goal[])[] = [
  ["migrate"],
  ["migrate", "cutover"],
  ["migrate", "cutover"],
  ["migrate", "cutover", "rollback"],
  ["migrate", "cutover", "rollback", "cutover"],
];

export async function operate(world: World, writing: Writing, troubles: Weather): Promise<void> {
  const actor = new Actor("operator", "operator");
  const neighbour = world.schedule.chanceOf(troubles.neighbour ?? 0) ? new Neighbour(world) : null;
  const neighbourIsReady = neighbour?.migrate();
  const faults = {
    rates: world.rates,
    queueRates: world.queueRates,
    callRate: world.callRate,
    hazards: world.hazards,
  };
  for (const goal of world.schedule.random.pick(PLANS)) {
    Object.assign(world, faults);
    Object.assign(writing, { isOn: true, left: WRITES_A_GOAL });
    await reach(world, { actor, writing, troubles, goal });
    if (world.schedule.chance(0.5)) await rest(world, { actor, writing });
  }
  if (neighbour !== null) {
    await neighbourIsReady;
    await becomeQuiet(world, { actor, writing });
    await neighbour.check();
  }
  await finish(world, { actor, writing });
  const isMoved = world.state?.phase === "done";
  if (!isMoved || !world.schedule.chanceOf(troubles.cleanedUp ?? 0)) return;
  Object.assign(world, faults);
  await cleanUp(world, { actor, writing });
}

interface Reaching {
  readonly actor: Actor;
  readonly writing: Writing;
  readonly troubles: Weather;
  readonly goal: Goal;
}

async function reach(world: World, { actor, writing, troubles, goal }: Reaching): Promise<void> {
  const { schedule } = world;
  let last = "";
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    if (attempt > PATIENT_ATTEMPTS) writing.isOn = false;
    const isCalm = attempt > 2 * PATIENT_ATTEMPTS;
    if (isCalm) {
      world.calm();
      await once(world, actor, RESUME);
      // A rival is at work, or a killed run's last call.
      while (world.isBusy) await schedule.sleep(actor, 5000);
    }
    redrive(world);
    const started = world.start(
      goal === "migrate" ? migrationOf(world.truth.setting) : swapOf(world.truth.setting, goal),
    );
    if (!isCalm) trouble(world, { troubles, victim: started.actor });
    await untilOver(world, actor, started);
    last = `${started.status} ${started.cause}`;
    if (started.status === ENDS[goal]) return;
    if (started.status === "NOTHING_TO_DO" && isThere(world, goal)) return;
    // A cut-over of a run that fell back needs its green gate again.
    if (goal !== "migrate" && started.status === "REFUSED" && !isReversed(world))
      await once(world, actor, migrationOf(world.truth.setting));
    await schedule.sleep(actor, schedule.between(0, 15_000));
  }
  world.watch.fail(
    `${goal} does not end after ${ATTEMPTS_MAX} runs, the last ones without faults or writers: ${last}`,
  );
}

/** A person who waits for a run that does not move looks why; a pause may have come late. */
async function untilOver(world: World, actor: Actor, started: Started): Promise<void> {
  for (let waits = 1; !started.isOver; waits++) {
    await world.schedule.sleep(actor, 3000);
    if (waits % 400 === 0 && world.state?.paused === true) await once(world, actor, RESUME);
  }
}

/** Also where a rival went further already. */
const isThere = (world: World, goal: Goal): boolean =>
  goal === "rollback"
    ? world.state?.phase === "rolled-back"
    : isReversed(world) || (goal === "migrate" && world.state?.phase === "ready");
const isReversed = (world: World): boolean => world.state?.direction === "reverse";

function redrive(world: World): void {
  world.pages.redrive();
  world.live.redrive();
}

async function once(world: World, actor: Actor, input: object): Promise<string> {
  const started = world.start(input);
  while (!started.isOver) await world.schedule.sleep(actor, 3000);
  return started.status;
}

function trouble(
  world: World,
  { troubles, victim }: { readonly troubles: Weather; readonly victim: Actor },
): void {
  const { schedule } = world;
  const rate = (name: string): number => troubles[name] ?? 0;
  const soon = () => (schedule.chance(0.5) ? schedule.between(1, 3000) : schedule.between(1, 60_000));
  if (schedule.chance(rate("killed"))) schedule.after(soon(), () => victim.kill());
  if (schedule.chance(rate("rival"))) {
    const rivals = [migrationOf(world.truth.setting), swapOf(world.truth.setting, "cutover")];
    schedule.after(soon(), () => void world.start(schedule.random.pick(rivals)));
  }
  if (schedule.chance(rate("paused"))) schedule.after(soon(), () => void pauseForAWhile(world));
  const later = (input: object) =>
    schedule.after(schedule.betweenOf(1, 60_000), () => void world.start(input));
  if (schedule.chanceOf(rate("aborted"))) later({ action: "abort", collection: READERS_NAME });
  if (schedule.chanceOf(rate("steered"))) {
    const action = schedule.more.pick(["verify", "redrive", "rollback", "status"]);
    later({ action, collection: READERS_NAME });
  }
  // The way back is open for 72 hours: without the name in "confirm" nothing may be deleted.
  if (schedule.chanceOf(rate("cleaned"))) later({ action: "cleanup", collection: READERS_NAME });
}

async function pauseForAWhile(world: World): Promise<void> {
  const actor = new Actor("operator-pause", "operator");
  await once(world, actor, { action: "pause", collection: READERS_NAME });
  await world.schedule.sleep(actor, world.schedule.between(1, 20_000));
  // A person looks whether it worked.
  while (world.state?.paused === true) await once(world, actor, RESUME);
}

/** Events alone keep both sides one, without any pass: what was told is on both when it has arrived. */
async function rest(world: World, { actor, writing }: Pick<Reaching, "actor" | "writing">): Promise<void> {
  const pauseMsMax = world.schedule.random.pick([150, 1500]);
  Object.assign(writing, { isOn: true, left: WRITES_AT_REST, pauseMsMax, againMsMax: 2500 });
  world.hazards = { ...world.hazards, slowWrite: SLOW_AT_REST };
  while (writing.left > 0) await world.schedule.sleep(actor, 2000);
  await world.schedule.sleep(actor, 3000);
  await becomeQuiet(world, { actor, writing });
  // One side was given up; or an event was answered from a replica that lags, and the next pass hears of it.
  if (world.state?.phase === "aborted" || world.hasReplica) return;
  for (const wrong of world.truth.check(world.qdrant, { lenient: true }))
    world.watch.fail(`at rest: ${wrong}`);
}

async function becomeQuiet(
  world: World,
  { actor, writing }: Pick<Reaching, "actor" | "writing">,
): Promise<void> {
  const { schedule } = world;
  Object.assign(writing, { isOn: false, againMsMax: 700 });
  world.calm();
  await schedule.sleep(actor, 60_000);
  do {
    redrive(world);
    await schedule.sleep(actor, 30_000);
  } while (!(world.pages.isEmpty && world.live.isEmpty) || world.isBusy);
  for (const collection of [world.truth.setting.source, TARGET])
    if (world.qdrant.isFenced(collection)) world.watch.fail(`${collection} was left fenced`);
}

/** Writers are quiet, nothing fails, everything under way arrives: now all of it must be right. */
async function finish(world: World, { actor, writing }: Pick<Reaching, "actor" | "writing">): Promise<void> {
  const { schedule, watch, truth, qdrant } = world;
  await becomeQuiet(world, { actor, writing });
  await once(world, actor, RESUME);
  if (!isReversed(world)) await finishForward(world, actor);
  else if (schedule.chance(0.5) || world.hasReplica) {
    const status = await once(world, actor, swapOf(world.truth.setting, "rollback"));
    if (status !== "ROLLED_BACK") watch.fail(`a quiet rollback ends as ${status}`);
  } else await once(world, actor, { action: "verify", collection: READERS_NAME });
  for (const wrong of truth.check(qdrant, { lenient: true })) watch.fail(`at the end: ${wrong}`);
  for (const name of [...qdrant.stored.keys(), ...qdrant.names.keys()])
    if (name.includes("probe") || name.includes("taking")) watch.fail(`${name} was left behind`);
  watch.private();
}

/** The old collection is deleted on purpose, with faults and writers about: what serves loses nothing. */
async function cleanUp(world: World, { actor, writing }: Pick<Reaching, "actor" | "writing">): Promise<void> {
  const { schedule, watch, truth, qdrant } = world;
  watch.mayCleanUp = true;
  Object.assign(writing, { isOn: true, left: WRITES_A_GOAL });
  let status = "";
  for (let attempt = 1; status !== "CLEANED" && attempt <= ATTEMPTS_MAX; attempt++) {
    if (attempt > PATIENT_ATTEMPTS) writing.isOn = false;
    if (attempt > 2 * PATIENT_ATTEMPTS) world.calm();
    redrive(world);
    // Points that somebody deleted on one side untold are in the other alone: a person looks, and says so.
    const override = attempt === 1 ? {} : { override: { by: "somebody", why: "looked at" } };
    status = await once(world, actor, {
      action: "cleanup",
      collection: READERS_NAME,
      confirm: truth.setting.source,
      ...override,
    });
    await schedule.sleep(actor, schedule.between(0, 15_000));
  }
  if (status !== "CLEANED") watch.fail(`a cleanup ends as ${status} after ${ATTEMPTS_MAX} runs`);
  await becomeQuiet(world, { actor, writing });
  if (qdrant.stored.has(truth.setting.source)) watch.fail("the old collection is there after its cleanup");
  for (const wrong of truth.checkServing(qdrant)) watch.fail(`after the cleanup: ${wrong}`);
}

async function finishForward(world: World, actor: Actor): Promise<void> {
  const { watch, truth, qdrant } = world;
  const status = await once(world, actor, migrationOf(world.truth.setting));
  if (status !== "READY") watch.fail(`a quiet migration ends as ${status}`);
  truth.untold.clear();
  for (const wrong of truth.check(qdrant, { lenient: false })) watch.fail(`at READY: ${wrong}`);
  const before = watch.pointsWritten;
  await once(world, actor, migrationOf(world.truth.setting));
  if (watch.pointsWritten !== before)
    watch.fail(`a finished run repeated wrote ${watch.pointsWritten - before} points`);
  const cutover = await once(world, actor, swapOf(world.truth.setting, "cutover"));
  if (cutover !== "DONE") watch.fail(`a quiet cut-over ends as ${cutover}`);
}
