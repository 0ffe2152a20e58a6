// Custom sharding: every point belongs to a shard key, and an id is unique only within one.
import { PermanentError } from "./errors.ts";
import { placed } from "./ids.ts";
import type { LiveEvent } from "./liveEvent.ts";
import { type Plan, sidesOf } from "./plan.ts";
import type { CollectionInfo, JsonObject, Qdrant } from "./ports.ts";
import type { Direction } from "./state.ts";

const isCustom = (params: unknown): boolean =>
  typeof params === "object" &&
  params !== null &&
  "sharding_method" in params &&
  params.sharding_method === "custom";

export const isSharded = (info: CollectionInfo): boolean => isCustom(info.config.params);

/**
 * Makes the shard keys of the side that is the truth on the other side, with as many shards and copies; a key
 * without points would not come over with its points. Twice is harmless.
 */
export async function carryShardKeys(qdrant: Qdrant, plan: Plan, direction: Direction): Promise<void> {
  const params: JsonObject = plan.create;
  if (!isCustom(params)) return;
  const { from, to } = sidesOf(plan, direction);
  const there = new Set((await qdrant.shardKeys(to.collection)).map(({ key }) => key));
  for (const key of await qdrant.shardKeys(from.collection))
    if (!there.has(key.key)) await qdrant.createShardKey(to.collection, key);
}

/**
 * The event with the ids as they stand in the collection. A touch that names no shard key looks under every one.
 * @throws PermanentError for a key where there are none, and for a put or delete that does not say where.
 */
export async function placeEvent(
  qdrant: Qdrant,
  event: LiveEvent,
  { collection, info }: { readonly collection: string; readonly info: CollectionInfo },
): Promise<LiveEvent> {
  if (!isSharded(info)) {
    if (event.shardKey === null) return event;
    throw new PermanentError(
      `A live event names a shard key, and ${event.collection} has none. Leave shardKey out.`,
    );
  }
  if (event.shardKey !== null) return placeIn(event, [event.shardKey]);
  if (event.op === "touch")
    return placeIn(
      event,
      (await qdrant.shardKeys(collection)).map(({ key }) => key),
    );
  throw new PermanentError(
    `${event.collection} has shard keys, and an id is unique only within one: a ${event.op} event must name its shardKey.`,
  );
}

/** The same points under each of the keys. */
function placeIn(event: LiveEvent, keys: readonly string[]): LiveEvent {
  const each = <T>(make: (shard: string) => readonly T[]): readonly T[] => keys.flatMap(make);
  return event.op === "put"
    ? {
        ...event,
        points: each((shard) =>
          event.points.map((point) => ({ ...point, id: placed({ shard, id: point.id }) })),
        ),
      }
    : { ...event, ids: each((shard) => event.ids.map((id) => placed({ shard, id }))) };
}
