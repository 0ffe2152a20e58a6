// Shard keys: listed, made, and gone through one after the other. Ids are unique only within a key, so every read and
// write of points names one (a scroll without a key would hide all but one point of an id).

import { PermanentError } from "../migration/errors.ts";
import { compareShards, FIRST_ID, type Placed, type PointId, placed, placeOf } from "../migration/ids.ts";
import type { Point, ShardKey } from "../migration/ports.ts";
import { collectionPath } from "./address.ts";
import { isPlainRefusal } from "./answer.ts";
import { elementsAt, membersAt } from "./slices.ts";
import type { Transport } from "./transport.ts";
import { parseShardKey, resultOf } from "./wire.ts";

export class Shards {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** In the order of point ids, each with its number of shards and of copies of a shard. */
  async list(collection: string): Promise<readonly ShardKey[]> {
    const path = `${collectionPath(collection)}/cluster`;
    const ask = { method: "GET", path, what: `list the shard keys of ${collection}` } as const;
    const members = membersAt(resultOf((await this.#transport.ask(ask)).text));
    const found = new Map<string, Map<string, number>>();
    for (const list of ["local_shards", "remote_shards"])
      for (const shard of elementsAt(members.get(list) ?? "[]")) noteShard(found, membersAt(shard));
    return [...found]
      .map(([key, copies]) => ({ key, shards: copies.size, replicas: Math.max(...copies.values()) }))
      .sort((a, b) => compareShards(a.key, b.key));
  }

  /** Twice is harmless. Without numbers the server takes the collection's own. */
  async create(
    collection: string,
    { key, shards, replicas }: Pick<ShardKey, "key"> & Partial<ShardKey>,
  ): Promise<void> {
    const path = `${collectionPath(collection)}/shards`;
    const numbers = JSON.stringify({ shards_number: shards, replication_factor: replicas }).slice(1, -1);
    const body = `{"shard_key":${key}${numbers === "" ? "" : `,${numbers}`}}`;
    try {
      await this.#transport.ask({ method: "PUT", path, body, what: `make a shard key of ${collection}` });
    } catch (error) {
      if (!(error instanceof PermanentError) || !(await this.has(collection, key))) throw error;
    }
  }

  async keys(collection: string): Promise<readonly string[]> {
    return (await this.list(collection)).map(({ key }) => key);
  }

  /** What `act` says; `none` for a key that the collection does not have: it holds no points. */
  async within<T>(collection: string, shard: string | null, none: T, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (shard === null || !isPlainRefusal(error) || (await this.has(collection, shard))) throw error;
      return none;
    }
  }

  async has(collection: string, key: string): Promise<boolean> {
    return (await this.keys(collection)).includes(key);
  }
}

/** Copies of each shard, by its key and its number. */
function noteShard(found: Map<string, Map<string, number>>, members: ReadonlyMap<string, string>): void {
  const key = parseShardKey(members.get("shard_key"));
  if (key === null) return;
  const id = members.get("shard_id") ?? "";
  const copies = found.get(key) ?? new Map<string, number>();
  found.set(key, copies.set(id, (copies.get(id) ?? 0) + 1));
}

export interface ShardedScroll {
  /** Shard keys in the order of point ids. */
  readonly keys: () => Promise<readonly string[]>;
  readonly read: (
    at: Placed,
    limit: number,
  ) => Promise<{ readonly points: readonly Point[]; readonly next: PointId | null }>;
}

/** A page in the order of ids, through as many keys as it takes to fill it. */
export async function scrollShards(
  { keys, read }: ShardedScroll,
  from: PointId | null,
  limit: number,
): Promise<{ readonly points: readonly Point[]; readonly next: PointId | null }> {
  let known: readonly string[] | null = null;
  const after = async (shard: string | null): Promise<Placed | null> => {
    known ??= await keys();
    const next = known.find((key) => shard === null || compareShards(key, shard) > 0);
    return next === undefined ? null : { shard: next, id: FIRST_ID };
  };
  const points: Point[] = [];
  const start = from === null ? null : placeOf(from);
  let at = start === null || start.shard === null ? await after(null) : start;
  while (at !== null && points.length < limit) {
    const page = await read(at, limit - points.length);
    points.push(...page.points);
    if (page.next !== null) return { points, next: placed({ shard: at.shard, id: page.next }) };
    at = await after(at.shard);
  }
  return { points, next: at === null ? null : placed(at) };
}

/** What is asked of each shard key by itself; null stands for ids of a collection without keys. */
export function byShard<T extends { readonly id: PointId }>(
  items: readonly T[],
): ReadonlyMap<string | null, readonly T[]> {
  const groups = new Map<string | null, T[]>();
  for (const item of items) {
    const { shard } = placeOf(item.id);
    const group = groups.get(shard);
    if (group === undefined) groups.set(shard, [item]);
    else group.push(item);
  }
  return groups;
}
