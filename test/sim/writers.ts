// The three kinds of writers, each with the memories it owns: events that Remaster writes itself, direct writes
// followed by a touch, and direct writes that nobody is told of.
import type { PointId } from "../../src/migration/ids.ts";
import { callOutside, NO_FAULTS } from "./faults.ts";
import { Actor } from "./schedule.ts";
import { answering, oneVectorOf, pointsOf, READERS_NAME, TARGET, vectorsIn } from "./setting.ts";
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
  const own = Array.from({ length: writing.memories + 8 }, (_, index) => String(index + 1)).filter(
    (id) => KINDS[Number(id) % 3] === kind,
  );
  for (;;) {
    const mayWrite = writing.isOn && writing.left > 0;
    await schedule.sleep(
      actor,
      mayWrite ? schedule.between(20, writing.pauseMsMax) : schedule.between(500, 4000),
    );
    if (!mayWrite) continue;
    writing.left--;
    const id = schedule.random.pick(own);
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
  const { schedule, truth, live } = world;
  if (truth.isPending(id)) return;
  const isDelete = schedule.chance(0.3);
  const payload = newPayload(world, id);
  truth.ask(id, isDelete ? null : payload);
  const head = { v: 1, op: isDelete ? "delete" : "put", collection: READERS_NAME };
  const event = isDelete
    ? { ...head, ids: [Number(id)] }
    : { ...head, points: [{ id: Number(id), payload: JSON.parse(payload) }] };
  schedule.note("writer-put", `${head.op} ${id}`);
  const message = live.put(JSON.stringify(event));
  world.onApplied.set(message, () => {
    world.onApplied.delete(message);
    truth.settle(id);
  });
}

/** Through the alias, like every reader; waits while a swap is being made, as the docs ask. */
async function writeDirectly(world: World, actor: Actor, id: PointId, tells: boolean): Promise<void> {
  const { schedule, live } = world;
  const calm = { schedule, rates: NO_FAULTS };
  for (let wrote = false; !wrote; ) {
    const effect = () => world.state?.phase !== "swap" && applyDirectly(world, id, tells);
    wrote = await callOutside(calm, actor, { label: `writes ${id}${tells ? "" : ", tells nobody"}`, effect });
    if (!wrote) await schedule.sleep(actor, 1000);
  }
  if (tells) live.put(JSON.stringify({ v: 1, op: "touch", collection: READERS_NAME, ids: [Number(id)] }));
}

function applyDirectly(world: World, id: PointId, tells: boolean): true {
  const { qdrant, truth, schedule } = world;
  const serving = answering(qdrant, READERS_NAME);
  const points = pointsOf(qdrant, serving);
  const before = points.get(id);
  if (!tells) truth.untold.add(id);
  if (before !== undefined && schedule.chance(0.3)) {
    points.delete(id);
    truth.set(id, null);
    return true;
  }
  const isPatch = before !== undefined && schedule.chance(0.4);
  const payload = isPatch
    ? JSON.stringify({ ...JSON.parse(before.payload), n: schedule.steps })
    : newPayload(world, id);
  const knows = truth.setting.isBridge && serving === TARGET ? schedule.setting.pick(MODELS) : "both";
  const made = knows === "both" ? vectorsIn(truth.setting, serving, payload) : oneVectorOf(payload, knows);
  points.set(id, { id, payload, vectors: isPatch ? before.vectors : made });
  truth.set(id, payload);
  return true;
}
