// What a collection allows in one request (strict mode, custom sharding), asked of the server and kept for a minute.
import type { CollectionInfo } from "../migration/ports.ts";
import { objectOf } from "./info.ts";

export interface CollectionLimits {
  /** Points of one upsert: the batch limit, and the allowance of a minute, beyond which a request never passes. */
  readonly upsertPoints: number;
  /** True while strict mode refuses every upsert: `upsert_max_batchsize: 0` is how a fence stops writes. */
  readonly isFenced: boolean;
  /** Points of one scroll or search. */
  readonly queryPoints: number;
  /** Ids of one retrieve; each costs one token of the read allowance. `max_query_limit` does not apply to it. */
  readonly retrieveIds: number;
  readonly mayBeExact: boolean;
  /** True where every point belongs to a shard key (custom sharding). */
  readonly isSharded: boolean;
}

const NO_LIMIT = Number.MAX_SAFE_INTEGER;
const NONE: CollectionLimits = {
  upsertPoints: NO_LIMIT,
  isFenced: false,
  queryPoints: NO_LIMIT,
  retrieveIds: NO_LIMIT,
  mayBeExact: true,
  isSharded: false,
};

const KEPT_MS = 60_000;

export class Limits {
  readonly #read: (collection: string) => Promise<CollectionInfo | null>;
  readonly #now: () => number;
  readonly #kept = new Map<string, { readonly limits: CollectionLimits; readonly until: number }>();

  constructor(read: (collection: string) => Promise<CollectionInfo | null>, now: () => number) {
    this.#read = read;
    this.#now = now;
  }

  async of(collection: string): Promise<CollectionLimits> {
    const kept = this.#kept.get(collection);
    if (kept !== undefined && kept.until > this.#now()) return kept.limits;
    return this.refresh(collection);
  }

  /** Asks the server now: somebody may have changed strict mode within the last minute. */
  async refresh(collection: string): Promise<CollectionLimits> {
    const info = await this.#read(collection);
    const limits = limitsOf(info);
    if (info !== null) this.#kept.set(collection, { limits, until: this.#now() + KEPT_MS });
    return limits;
  }

  forget(collection: string): void {
    this.#kept.delete(collection);
  }
}

function limitsOf(info: CollectionInfo | null): CollectionLimits {
  const isSharded = objectOf(info?.config.params).sharding_method === "custom";
  const settings = new Map(Object.entries(objectOf(info?.config.strict_mode_config)));
  if (settings.get("enabled") !== true) return { ...NONE, isSharded };
  const limit = (name: string): number => {
    const value = settings.get(name);
    return typeof value === "number" && value > 0 ? value : NO_LIMIT;
  };
  return {
    upsertPoints: Math.min(limit("upsert_max_batchsize"), limit("write_rate_limit")),
    isFenced: settings.get("upsert_max_batchsize") === 0,
    queryPoints: limit("max_query_limit"),
    retrieveIds: limit("read_rate_limit"),
    mayBeExact: settings.get("search_allow_exact") !== false,
    isSharded,
  };
}
