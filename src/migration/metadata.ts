// What Remaster keeps in a collection's own metadata: which model made its vectors, and for a target, of what.
import { createHash } from "node:crypto";
import { FORMAT_VERSION } from "../contract.ts";
import type { ModelContract } from "./model.ts";
import type { CollectionInfo, Json, JsonObject } from "./ports.ts";

/** A vector of an older model, kept beside the new one for readers who still embed with it. */
export interface BridgedVector {
  readonly vector: string;
  /** Null where its model was never proven. */
  readonly contract: ModelContract | null;
  /** True once it was given up: nobody makes it any more. */
  readonly isDropped: boolean;
}

export interface CollectionMark {
  readonly contract: ModelContract;
  /** Name of the contract's vector; null in a mark that does not say. */
  readonly vector: string | null;
  readonly bridged: readonly BridgedVector[];
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
    vector: typeof mark.vector === "string" ? mark.vector : null,
    bridged: Array.isArray(mark.bridged) ? mark.bridged.flatMap(parseBridged) : [],
    source: typeof mark.source === "string" ? mark.source : null,
    migration: typeof mark.migration === "string" ? mark.migration : null,
  };
}

/** The vector that the mark says is the model's; null where it does not say. */
export const markedVector = (info: CollectionInfo): string | null => markOf(info)?.vector ?? null;

function parseBridged(value: Json): readonly BridgedVector[] {
  if (!isObject(value) || typeof value.vector !== "string") return [];
  const { vector, contract, isDropped } = value;
  return [{ vector, contract: parseContract(contract), isDropped: isDropped === true }];
}

type NewMark = Pick<CollectionMark, "contract" | "source" | "migration"> & Partial<CollectionMark>;

/** The metadata a collection gets: everything it had, and the mark. */
export function withMark(metadata: JsonObject, mark: NewMark): JsonObject {
  const { contract, vector = null, bridged = [], source, migration } = mark;
  return {
    ...metadata,
    remaster: {
      v: FORMAT_VERSION,
      contract: plain(contract),
      vector,
      ...(bridged.length === 0 ? {} : { bridged: bridged.map(plainBridged) }),
      source,
      migration,
    },
  };
}

const plain = (contract: ModelContract): JsonObject => ({ ...contract, files: { ...contract.files } });
const plainBridged = ({ vector, contract, isDropped }: BridgedVector): JsonObject => ({
  vector,
  contract: contract === null ? null : plain(contract),
  isDropped,
});

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
