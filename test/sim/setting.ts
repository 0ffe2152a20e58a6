// What is migrated: the name readers use, the two collections behind it, and the vectors each of them holds.
import { type PointId, placed, placeOf } from "../../src/migration/ids.ts";
import { vectorNumbers } from "../../src/migration/vector.ts";
import { fakeVector } from "../support/embedder.ts";
import { NEW, OLD } from "../support/machine.ts";
import type { PointMap } from "../support/points.ts";
import type { FakeQdrant } from "../support/qdrant.ts";

/** The name readers use: an alias, or the old collection's own until the new one takes it over. */
export const READERS_NAME = "chat";
export const TARGET = "chat_8d";

export interface Setting {
  /** The old collection's own name. */
  readonly source: "chat_4d" | typeof READERS_NAME;
  /** The target holds the old vector, unnamed as it was, beside the new one. */
  readonly isBridge: boolean;
  /** Swaps fence the side that is the truth: the server refuses every upsert, so that nobody has to pause for it. */
  readonly isFenced: boolean;
  /** The shard key of a memory; null: the collection has none. */
  readonly shardOf: (memory: number) => string | null;
}

export const PLAIN: Setting = {
  source: "chat_4d",
  isBridge: false,
  isFenced: false,
  shardOf: () => null,
};

/** Two from the beginning, and one that comes up with the memories that do. */
export const shardsFor =
  (memories: number): Setting["shardOf"] =>
  (memory) => {
    if (memory > memories) return '"late"';
    return memory % 2 === 0 ? '"tenant/a"' : "7";
  };

export const idIn = ({ shardOf }: Setting, memory: number): PointId =>
  placed({ shard: shardOf(memory), id: String(memory) });

export const memoryOf = (id: PointId): number => Number(placeOf(id).id);

/** What an event says of the place of a memory. */
export function shardMember(id: PointId): object {
  const { shard } = placeOf(id);
  return shard === null ? {} : { shardKey: JSON.parse(shard) };
}

/** An application makes the key before it writes the first point under it. */
export function ensureShard({ shards }: FakeQdrant, collection: string, id: PointId): void {
  const { shard: key } = placeOf(id);
  const there = shards.get(collection) ?? [];
  if (key !== null && !there.some((one) => one.key === key))
    shards.set(collection, [...there, { key, shards: 1, replicas: 1 }]);
}

/** What a person asks for to migrate it. */
export const migrationOf = ({ source, isBridge }: Setting): object => ({
  action: "migrate",
  collection: READERS_NAME,
  sourceModel: "old",
  pageSizePoints: 4,
  ...(source === READERS_NAME ? { takeOverName: true } : {}),
  ...(isBridge ? { layout: "bridge" } : {}),
});

/** What a person asks for to swap it. */
export const swapOf = ({ isFenced }: Setting, action: "cutover" | "rollback"): object => ({
  action,
  collection: READERS_NAME,
  ...(isFenced ? { maxFenceSeconds: 3600 } : {}),
});

/** The collection that answers by this name. */
export const answering = ({ names }: FakeQdrant, name: string): string => names.get(name) ?? name;

/** Points of the collection that has this name itself, whatever hides it. */
export function pointsOf({ stored }: FakeQdrant, collection: string): PointMap {
  const found = stored.get(collection);
  if (found === undefined) throw new Error(`There is no collection ${collection}.`);
  return found.points;
}

/** Both models' vectors of a payload, as the text of a JSON array each; none where there is no text. */
function madeOf(payload: string): { readonly old: string; readonly new: string } | null {
  const { content }: { content?: string } = JSON.parse(payload);
  if (content === undefined || content === "") return null;
  const [old, fresh] = [OLD, NEW].map((contract) => JSON.stringify([...fakeVector(contract, content)]));
  return { old: old ?? "", new: fresh ?? "" };
}

/** Name of the new vector in a bridge. */
const NEW_NAME = "new";

/** The vectors of a payload in one of the collections; `{}` where there is no text. */
export function vectorsIn({ isBridge }: Setting, collection: string, payload: string): string {
  const made = madeOf(payload);
  if (made === null) return "{}";
  if (collection !== TARGET) return made.old;
  return isBridge ? `{"":${made.old},"${NEW_NAME}":${made.new}}` : made.new;
}

/** What a writer sends who knows one of a bridge's two models only. */
export function oneVectorOf(payload: string, which: "old" | "new"): string {
  const made = madeOf(payload);
  if (made === null) return "{}";
  return which === "old" ? made.old : `{"${NEW_NAME}":${made.new}}`;
}

/** True when they hold the same vectors, number by number. */
export const areSameVectors = (one: string | null, other: string | null): boolean =>
  ["", NEW_NAME].every((name) => {
    const [a, b] = [one, other].map((text) => vectorNumbers(text, name)?.join());
    return a === b;
  });
