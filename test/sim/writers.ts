// The three kinds of writers, each with the memories it owns: events that Remaster writes itself, direct writes
// followed by a touch, and direct writes that nobody is told of.
import type { PointId } from "../../src/migration/ids.ts";
import { callOutside, NO_FAULTS } from "./faults.ts";
import { Actor } from "./schedule.ts";
import {
  answering,
  ensureShard,
  idIn,
  memoryOf,
  oneVectorOf,
  pointsOf,
  READERS_NAME,
  shardMember,
  TARGET,
  vectorsIn,
} from "./setting.ts";
import type { World } from "./world.ts";

export interface Writing {
  isOn: boolean;
  /** Writes until they are quiet. */
  left: number;
  pauseMsMax: number;
  /** Between two words about one memory: while the first is on its way, or while it is being written. */
  againMsMax: number;
  /** How often a producer dies between its write and its event. */
  readonly deaths: number;
  /** Memories at the start; as many more may come. */
  readonly memories: number;
}

type Kind = "put" | "touch" | "untold";
const KINDS: readonly Kind[] = ["put", "touch", "untold"];
/** Whose vectors a direct writer sends over a bridge. */
const MODELS = ["both", "old", "new"] as const;

export function startWriters(world: World, writing: Writing): void {
  for (const kind of KINDS) write(world, writing, kind);
}

async function write(world: World, writing: Writing, kind: Kind): Promise<void> {
  const actor = new Actor(`writer-${kind}`, "writer");
  const { schedule } = world;
  const own = Array.from({ length: writing.memories + 8 }, (_, index) => index + 1).filter(
    (memory) => KINDS[memory % 3] === kind,
  );
  for (;;) {
    const mayWrite = writing.isOn && writing.left > 0;
    await schedule.sleep(
      actor,
      mayWrite ? schedule.between(20, writing.pauseMsMax) : schedule.between(500, 4000),
    );
    if (!mayWrite) continue;
    writing.left--;
    const id = idIn(world.truth.setting, schedule.random.pick(own));
    await say(world, actor, id, kind === "touch" && schedule.chance(writing.deaths) ? "untold" : kind);
    if (schedule.chance(0.3)) continue;
    // The same memory once more while the first word is still under way: there something could go wrong.
    await schedule.sleep(actor, schedule.between(20, writing.againMsMax));
    await say(world, actor, id, kind);
  }
}

async function say(world: World, actor: Actor, id: PointId, kind: Kind): Promise<void> {
  if (kind === "put") sendEvent(world, id);
  else await writeDirectly(world, actor, id, kind === "touch");
}

function newPayload(world: World, id: PointId): string {
  const n = world.schedule.steps;
  return JSON.stringify(world.schedule.chance(0.1) ? { n } : { content: `secret memory ${id} of ${n}`, n });
}

/** One event at a time about a memory: two at once have no right order. */
function sendEvent(world: World, id: PointId): void {
  const { schedule, truth, live, qdrant } = world;
  if (truth.isPending(id)) return;
  ensureShard(qdrant, answering(qdrant, READERS_NAME), id);
  const isDelete = schedule.chance(0.3);
  const payload = newPayload(world, id);
  truth.ask(id, isDelete ? null : payload);
  const head = { v: 1, op: isDelete ? "delete" : "put", collection: READERS_NAME, ...shardMember(id) };
  const event = isDelete
    ? { ...head, ids: [memoryOf(id)] }
    : { ...head, points: [{ id: memoryOf(id), payload: JSON.parse(payload) }] };
  schedule.note("writer-put", `${head.op} ${id}`);
  const message = live.put(JSON.stringify(event));
  world.onApplied.set(message, () => {
    world.onApplied.delete(message);
    truth.settle(id);
  });
}

/**
 * Through the alias, like every reader. While a swap is being made it waits, as the docs ask; where the swap is fenced it
 * goes on with whole points and waits only when the server refuses them.
 */
async function writeDirectly(world: World, actor: Actor, id: PointId, tells: boolean): Promise<void> {
  const { schedule, live, truth, qdrant } = world;
  const calm = { schedule, rates: NO_FAULTS };
  const effect = (): boolean => {
    if (world.state?.phase !== "swap") applyDirectly(world, id, tells);
    else if (truth.setting.isFenced && !qdrant.isFenced(answering(qdrant, READERS_NAME)))
      upsertDirectly(world, id, tells);
    else return false;
    return true;
  };
  for (let wrote = false; !wrote; ) {
    wrote = await callOutside(calm, actor, { label: `writes ${id}${tells ? "" : ", tells nobody"}`, effect });
    if (!wrote) await schedule.sleep(actor, 1000);
  }
  // A touch without a shard key looks under every one.
  if (tells) live.put(JSON.stringify({ v: 1, op: "touch", collection: READERS_NAME, ids: [memoryOf(id)] }));
}

function applyDirectly(world: World, id: PointId, tells: boolean): void {
  const { qdrant, truth, schedule } = world;
  const points = pointsOf(qdrant, answering(qdrant, READERS_NAME));
  const before = points.get(id);
  if (!tells) truth.untold.add(id);
  if (before !== undefined && schedule.chance(0.3)) {
    points.delete(id);
    truth.set(id, null);
  } else if (before !== undefined && schedule.chance(0.4)) {
    const payload = JSON.stringify({ ...JSON.parse(before.payload), n: schedule.steps });
    points.set(id, { ...before, payload });
    truth.set(id, payload);
  } else upsertDirectly(world, id, tells);
}

function upsertDirectly(world: World, id: PointId, tells: boolean): void {
  const { qdrant, truth, schedule } = world;
  const serving = answering(qdrant, READERS_NAME);
  if (!tells) truth.untold.add(id);
  const payload = newPayload(world, id);
  const knows = truth.setting.isBridge && serving === TARGET ? schedule.setting.pick(MODELS) : "both";
  const vectors = knows === "both" ? vectorsIn(truth.setting, serving, payload) : oneVectorOf(payload, knows);
  ensureShard(qdrant, serving, id);
  pointsOf(qdrant, serving).set(id, { id, payload, vectors });
  truth.set(id, payload);
}
