// Qdrant as the story sees it. Names of collections and aliases go through the official client; whatever
// holds numbers that must keep their digits goes through our own path.
import { setTimeout as sleepFor } from "node:timers/promises";
import { ConfigError, PermanentError, TransientError } from "../migration/errors.ts";
import type { CollectionInfo, JsonObject, Log, Qdrant } from "../migration/ports.ts";
import { baseOf, collectionPath, isReadable } from "./address.ts";
import { Administration } from "./administration.ts";
import { mayPass } from "./connection.ts";
import { parseInfo } from "./info.ts";
import { describeKey, keyProblems } from "./key.ts";
import { Limits } from "./limits.ts";
import { PointReads } from "./reads.ts";
import { Shards } from "./shards.ts";
import { membersAt } from "./slices.ts";
import { Snapshots } from "./snapshots.ts";
import { Transport } from "./transport.ts";
import { resultOf } from "./wire.ts";
import { PointWrites } from "./writes.ts";

export interface QdrantOptions {
  /** `http(s)://host[:port][/prefix]`; without a port 6333, as every Qdrant client has it. */
  readonly url: string;
  /** Asked before every request, so that a changed key is used at once. Null: none. */
  readonly apiKey: () => Promise<string | null>;
  readonly sleep?: (ms: number) => Promise<void>;
  readonly random?: () => number;
  readonly now?: () => number;
  readonly log?: Log;
}

/** Oldest version with collection metadata, where the model of the vectors is written down. */
const MINIMUM_VERSION = [1, 16] as const;

/** @throws ConfigError for an address that cannot be one; everything else is found when it is asked. */
export function openQdrant(options: QdrantOptions): Qdrant {
  const { url, apiKey, sleep = (ms) => sleepFor(ms), random = Math.random, now = Date.now, log } = options;
  const base = baseOf(url);
  const transport = new Transport({ base, apiKey: warnOnPlain(base, apiKey, log), sleep, random, now });
  const names = new Administration(base, apiKey);
  const server = new Server(transport, base);
  const limits = new Limits((name) => server.collection(name), now);
  const shards = new Shards(transport);
  const reads = new PointReads(transport, limits, shards);
  const writes = new PointWrites(transport, limits, shards);
  const snapshots = new Snapshots(transport);
  return {
    waitedMs: () => transport.waitedMs,
    version: () => server.version(),
    keyDescription: async () => describeKey(await apiKey()),
    keyProblems: async (use, key) => keyProblems(key ?? describeKey(await apiKey()), use),
    collections: () => names.collections(),
    aliases: () => names.aliases(),
    collection: (name) => server.collection(name),
    createCollection: (name, body) => server.change("PUT", name, body),
    updateCollection: async (name, patch) => {
      await server.change("PATCH", name, patch);
      limits.forget(name);
    },
    deleteCollection: async (name, given) => {
      await names.deleteCollection(name, given);
      limits.forget(name);
    },
    createPayloadIndex: (name, field, schema) =>
      writes.createPayloadIndex(name, field, JSON.stringify(schema)),
    createShardKey: (name, key) => shards.create(name, key),
    shardKeys: (name) => shards.list(name),
    changeAliases: (actions, given) => names.changeAliases(actions, given),
    snapshots: (name) => snapshots.list(name),
    askForSnapshot: (name) => snapshots.askFor(name),
    remoteShards: (name) => snapshots.remoteShards(name),
    count: (name, vector) => reads.count(name, vector),
    scroll: (name, from, limit, given) => reads.scroll(name, from, limit, given),
    retrieve: (name, ids, given) => reads.retrieve(name, ids, given),
    sampleIds: (name, count) => reads.sampleIds(name, count),
    search: (name, vector, limit, given) => reads.search(name, vector, limit, given),
    upsert: (name, written, given) => writes.upsert(name, written, given),
    updateVectors: (name, written, given) => writes.updateVectors(name, written, given),
    deleteVector: (name, vector, ids, given) => writes.deleteVector(name, vector, ids, given),
    dropVector: (name, vector) => writes.dropVector(name, vector),
    delete: (name, ids, given) => writes.delete(name, ids, given),
  };
}

/** Says once that a key crosses a network unencrypted; inside a private network that may be meant. */
function warnOnPlain(
  base: URL,
  apiKey: QdrantOptions["apiKey"],
  log: Log | undefined,
): QdrantOptions["apiKey"] {
  if (log === undefined || !isReadable(base)) return apiKey;
  let isSaid = false;
  return async () => {
    const key = await apiKey();
    if (key !== null && !isSaid) {
      isSaid = true;
      log("qdrant-key-unencrypted", { address: base.origin });
    }
    return key;
  };
}

/** The server itself and what its collections are besides their writes. */
class Server {
  readonly #transport: Transport;
  readonly #base: URL;

  constructor(transport: Transport, base: URL) {
    this.#transport = transport;
    this.#base = base;
  }

  async version(): Promise<string> {
    const found = await this.#root();
    const [major = 0, minor = 0] = found.split(".").map(Number);
    const [needMajor, needMinor] = MINIMUM_VERSION;
    if (major < needMajor || (major === needMajor && minor < needMinor))
      throw new ConfigError(
        `Qdrant at ${this.#base.origin} is version ${found}; Remaster needs ${needMajor}.${needMinor} or newer, because it writes the model of the vectors into the collection's metadata. Upgrade Qdrant first.`,
      );
    return found;
  }

  async #root(): Promise<string> {
    const text = await this.#firstAnswer();
    const members = text.trimStart().startsWith("{") ? membersAt(text) : new Map<string, string>();
    const version = /^"(\d+\.\d+\.[^"\\]*)"$/.exec(members.get("version") ?? "")?.[1];
    if (version === undefined || !/qdrant/i.test(members.get("title") ?? ""))
      throw this.#notQdrant("something else answers there");
    return version;
  }

  /** The one request that needs no key: what fails here is the address, unless it is a fault that passes. */
  async #firstAnswer(): Promise<string> {
    try {
      const what = "ask for Qdrant's version";
      return (await this.#transport.ask({ method: "GET", path: "/", what })).text;
    } catch (error) {
      const isAddress =
        error instanceof PermanentError ||
        (error instanceof TransientError &&
          typeof error.fields.code === "string" &&
          !mayPass(error.fields.code));
      throw isAddress ? this.#notQdrant(error.message, error) : error;
    }
  }

  #notQdrant(found: string, cause?: unknown): ConfigError {
    return new ConfigError(
      `There is no Qdrant at ${this.#base.origin}: ${found.replace(/\.$/, "")}. Give its address with --url or QDRANT_URL.`,
      { cause },
    );
  }

  async collection(name: string): Promise<CollectionInfo | null> {
    const ask = { method: "GET", path: collectionPath(name), what: `read collection ${name}` } as const;
    const { status, text } = await this.#transport.ask(ask, [404]);
    return status === 404 ? null : parseInfo(name, resultOf(text));
  }

  async change(method: "PUT" | "PATCH", name: string, body: JsonObject): Promise<void> {
    const what = method === "PUT" ? `create collection ${name}` : `change the settings of collection ${name}`;
    await this.#transport.ask({ method, path: collectionPath(name), body: JSON.stringify(body), what });
  }
}
