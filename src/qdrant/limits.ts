// What a collection's strict mode allows in one request, asked of the server and kept for a minute.
import type { CollectionInfo } from "../migration/ports.ts";

interface Kept {
  readonly upsert: number;
  readonly query: number;
  readonly until: number;
}

const KEPT_MS = 60_000;
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

export class Limits {
  readonly #read: (collection: string) => Promise<CollectionInfo | null>;
  readonly #kept = new Map<string, Kept>();

  constructor(read: (collection: string) => Promise<CollectionInfo | null>) {
    this.#read = read;
  }

  async upsert(collection: string): Promise<number> {
    return (await this.#limits(collection)).upsert;
  }

  async query(collection: string): Promise<number> {
    return (await this.#limits(collection)).query;
  }

  forget(collection: string): void {
    this.#kept.delete(collection);
  }

  async #limits(collection: string): Promise<Kept> {
    const kept = this.#kept.get(collection);
    if (kept !== undefined && kept.until > Date.now()) return kept;
    const info = await this.#read(collection);
    const limits = { ...limitsOf(info), until: Date.now() + KEPT_MS };
    if (info !== null) this.#kept.set(collection, limits);
    return limits;
  }
}

function limitsOf(info: CollectionInfo | null): { readonly upsert: number; readonly query: number } {
  const strict = info?.config.strict_mode_config;
  const none = { upsert: NO_LIMIT, query: NO_LIMIT };
  if (typeof strict !== "object" || strict === null || Array.isArray(strict)) return none;
  const settings = new Map(Object.entries(strict));
  if (settings.get("enabled") !== true) return none;
  const limit = (name: string): number => {
    const value = settings.get(name);
    // A fence sets 0: then the server's refusal is the answer, not an empty request of ours.
    return typeof value === "number" && value > 0 ? value : NO_LIMIT;
  };
  return { upsert: limit("upsert_max_batchsize"), query: limit("max_query_limit") };
}
