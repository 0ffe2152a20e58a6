// What Remaster keeps in a collection's own metadata: which model made its vectors, and for a target, of what.
import { createHash } from "node:crypto";
import { FORMAT_VERSION } from "../contract.ts";
import type { ModelContract } from "./model.ts";
import type { CollectionInfo, Json, JsonObject } from "./ports.ts";

export interface CollectionMark {
  readonly contract: ModelContract;
  /** The collection this one was made from, and the migration that made it; null for a plain collection. */
  readonly source: string | null;
  readonly migration: string | null;
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** JSON with sorted keys, so that a contract hashes alike however a server ordered it. */
function canonical(value: Json): Json {
  if (Array.isArray(value)) return value.map(canonical);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, canonical(inner)]));
}

export const metadataOf = (info: CollectionInfo): JsonObject => {
  const metadata = info.config.metadata;
  return isObject(metadata) ? metadata : {};
};

/** The mark of a collection, or null when it has none this version can read. */
export function markOf(info: CollectionInfo): CollectionMark | null {
  const mark = metadataOf(info).remaster;
  if (!isObject(mark) || mark.v !== FORMAT_VERSION) return null;
  const contract = parseContract(mark.contract);
  if (contract === null) return null;
  return {
    contract,
    source: typeof mark.source === "string" ? mark.source : null,
    migration: typeof mark.migration === "string" ? mark.migration : null,
  };
}

/** The metadata a collection gets: everything it had, and the mark. */
export function withMark(metadata: JsonObject, mark: CollectionMark): JsonObject {
  const contract: JsonObject = { ...mark.contract, files: { ...mark.contract.files } };
  return {
    ...metadata,
    remaster: { v: FORMAT_VERSION, contract, source: mark.source, migration: mark.migration },
  };
}

const POOLINGS = ["cls", "mean", "pooled"] as const;

/** A contract as somebody's metadata holds it; null when a part is missing or has another type. */
function parseContract(value: Json | undefined): ModelContract | null {
  if (!isObject(value)) return null;
  const { id, revision, files, dimensions, maxTokens, normalized, queryPrefix, passagePrefix, fingerprint } =
    value;
  const pooling = POOLINGS.find((one) => one === value.pooling);
  if (typeof id !== "string" || typeof revision !== "string" || typeof fingerprint !== "string") return null;
  if (typeof dimensions !== "number" || typeof maxTokens !== "number" || typeof normalized !== "boolean")
    return null;
  if (typeof queryPrefix !== "string" || typeof passagePrefix !== "string" || pooling === undefined)
    return null;
  if (!isObject(files)) return null;
  const hashes: Record<string, string> = {};
  for (const [name, hash] of Object.entries(files)) {
    if (typeof hash !== "string") return null;
    hashes[name] = hash;
  }
  return {
    id,
    revision,
    files: hashes,
    dimensions,
    maxTokens,
    pooling,
    normalized,
    queryPrefix,
    passagePrefix,
    fingerprint,
  };
}

/** Short, stable name of anything plain: sha256 of its canonical JSON, first 16 hex digits. */
export const shortHash = (value: Json): string =>
  createHash("sha256")
    .update(JSON.stringify(canonical(value)))
    .digest("hex")
    .slice(0, 16);
