// What is migrated: the name readers use, the two collections behind it, and the vectors each of them holds.
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
}

export const PLAIN: Setting = { source: "chat_4d", isBridge: false };

/** What a person asks for to migrate it. */
export const migrationOf = ({ source, isBridge }: Setting): object => ({
  action: "migrate",
  collection: READERS_NAME,
  sourceModel: "old",
  pageSizePoints: 4,
  ...(source === READERS_NAME ? { takeOverName: true } : {}),
  ...(isBridge ? { layout: "bridge" } : {}),
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
