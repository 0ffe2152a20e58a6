// The outside as the story sees it. Adapters in src/qdrant, src/queue, src/ledger, src/embedding and
// src/execution fulfil these; tests give fakes that behave.
import type { PointId } from "./ids.ts";
import type { ModelContract } from "./model.ts";

/** JSON text, exactly as the server wrote it: numbers, key order and spelling stay what they were. */
export type RawJson = string;

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** A point as it is stored. `payload` is the text of a JSON object (`{}` when there is none). */
export interface Point {
  readonly id: PointId;
  readonly payload: RawJson;
  /**
   * Text of the `vector` member as the server writes it: an array (the unnamed vector), an object of named
   * vectors, or `{}` when the point has none; null when vectors were not asked for.
   */
  readonly vectors: RawJson | null;
}

export interface Snapshot {
  readonly name: string;
  readonly sizeBytes: number;
  /** Sha256 in hex; null where the server does not say. */
  readonly checksum: string | null;
}

/** A shard key of a collection with custom sharding. */
export interface ShardKey {
  /** JSON text: `"tenant a"`, `7`. */
  readonly key: RawJson;
  readonly shards: number;
  /** Copies of each shard. */
  readonly replicas: number;
}

export interface Alias {
  readonly alias: string;
  readonly collection: string;
}

/** `GET /collections/{name}`, the parts the story reads; `config` and `payloadSchema` are the server's own JSON. */
export interface CollectionInfo {
  readonly status: "green" | "yellow" | "grey" | "red";
  readonly optimizerOk: boolean;
  readonly updateQueueLength: number;
  readonly deferredPoints: number;
  readonly segments: number;
  readonly config: JsonObject;
  readonly payloadSchema: JsonObject;
}

export type AliasAction =
  | { readonly create_alias: { readonly collection_name: string; readonly alias_name: string } }
  | { readonly delete_alias: { readonly alias_name: string } }
  | { readonly rename_alias: { readonly old_alias_name: string; readonly new_alias_name: string } };

export interface ReadOptions {
  /** Read vectors too: all, or those named. Default: none. */
  readonly vectors?: boolean | readonly string[];
  /** Read payloads. Default: true. */
  readonly payload?: boolean;
}

export interface PointWrite {
  readonly id: PointId;
  readonly payload: RawJson;
  /** Text of the `vector` member to write: see `Point.vectors`. */
  readonly vectors: RawJson;
}

export interface WriteOptions {
  /** Make a shard key of the points that the collection does not have yet. Default: such a write is refused. */
  readonly makesShardKeys?: boolean;
  /**
   * Called before a write that had to wait, or was given up after `writeSecondsMax`, is sent again, and before a part
   * of it that comes later; what it throws ends the call. Without it nothing bounds when the write arrives.
   */
  readonly beforeRepeat?: () => Promise<void>;
}

export interface SearchOptions {
  readonly using?: string;
  readonly exact?: boolean;
  readonly payload?: boolean;
  readonly filter?: JsonObject | null;
  readonly scoreThreshold?: number | null;
}

export interface SearchHit {
  readonly id: PointId;
  readonly score: number;
  readonly payload: RawJson;
}

export interface CollectionAccess {
  readonly collection: string;
  readonly mayWrite: boolean;
  /** True for a token that sees only points with certain payload values: to it the others do not exist. */
  readonly isPartial: boolean;
}

/** What an API key says of itself; nothing of the key is in it. */
export interface KeyDescription {
  /** `plain`: an API key of the server's configuration, which says nothing of itself. */
  readonly kind: "none" | "plain" | "token";
  /** Milliseconds since 1970; null: no end. */
  readonly expiresAt: number | null;
  /** `unknown` for a plain key. */
  readonly access: "unknown" | "manage" | "read" | readonly CollectionAccess[];
}

/** A migration that a key is to be used for. Times are milliseconds since 1970. */
export interface KeyUse {
  readonly source: string;
  readonly target: string;
  readonly now: number;
  /** When the forecast ends at the latest. */
  readonly endsAt: number;
  /** `points`: a worker's key, which reads the source and writes the target and nothing else. */
  readonly for: "manage" | "points";
}

/**
 * Qdrant. Errors: RefusedError for a bad key, TransientError for 429 that outlasted its retries, 5xx and broken
 * connections, PermanentError for any other refusal of the server, with `fields.status`.
 */
export interface Qdrant {
  /** Milliseconds this port has waited so far because the server asked for it (status 429). */
  waitedMs(): number;
  /** Server version, e.g. `1.19.0`. ConfigError when no Qdrant answers at the address. */
  version(): Promise<string>;
  /** What the API key of this process says of itself. */
  keyDescription(): Promise<KeyDescription>;
  /**
   * What stands against using an API key for a migration, as sentences; empty when nothing is known against it.
   * Without a description it is this process's own.
   */
  keyProblems(use: KeyUse, key?: KeyDescription): Promise<readonly string[]>;
  collections(): Promise<readonly string[]>;
  aliases(): Promise<readonly Alias[]>;
  /** Null when there is no such collection. Follows an alias, as the server does. */
  collection(name: string): Promise<CollectionInfo | null>;
  createCollection(name: string, body: JsonObject): Promise<void>;
  /** `PATCH /collections/{name}`. */
  updateCollection(name: string, patch: JsonObject): Promise<void>;
  deleteCollection(name: string, options?: Pick<WriteOptions, "beforeRepeat">): Promise<void>;
  createPayloadIndex(name: string, field: string, schema: Json): Promise<void>;
  /** Twice is harmless. */
  createShardKey(name: string, key: ShardKey): Promise<void>;
  /** In the order of point ids; none where the collection has no custom sharding. */
  shardKeys(name: string): Promise<readonly ShardKey[]>;
  changeAliases(actions: readonly AliasAction[], options?: Pick<WriteOptions, "beforeRepeat">): Promise<void>;
  /** Finished snapshots of a collection. RefusedError where the server knows none. */
  snapshots(name: string): Promise<readonly Snapshot[]>;
  /** Asks the node for a snapshot and does not wait for it. */
  askForSnapshot(name: string): Promise<void>;
  /** Shards of the collection that other nodes hold. */
  remoteShards(name: string): Promise<number>;
  /** Exact number of points; with `vector`, of those that have a vector of that name. */
  count(name: string, vector?: string): Promise<number>;
  /** Up to `limit` points with id >= `from` in id order, and the id the next page starts at (null: the end). */
  scroll(
    name: string,
    from: PointId | null,
    limit: number,
    options?: ReadOptions,
  ): Promise<{ readonly points: readonly Point[]; readonly next: PointId | null }>;
  /** The points of these ids that exist, in no promised order. */
  retrieve(name: string, ids: readonly PointId[], options?: ReadOptions): Promise<readonly Point[]>;
  /** Random ids, at most `count`, distinct. */
  sampleIds(name: string, count: number): Promise<readonly PointId[]>;
  /**
   * Nearest points to `vector`; `using` names the vector ("" = the unnamed one); `exact` skips the index;
   * `filter` is the server's own JSON; points below `scoreThreshold` are left out.
   */
  search(
    name: string,
    vector: Float32Array,
    limit: number,
    options?: SearchOptions,
  ): Promise<readonly SearchHit[]>;
  /** Writes whole points and waits until they are applied. Twice is harmless: the second write is the same. */
  upsert(name: string, points: readonly PointWrite[], options?: WriteOptions): Promise<void>;
  /**
   * Writes these vectors of points that exist and leaves all else of them; `onlyWithout`: only where the point has no
   * vector of that name yet. What a point must hold is decided by the server in the write itself. PermanentError 404
   * when a point is gone.
   */
  updateVectors(
    name: string,
    points: readonly VectorWrite[],
    options?: WriteOptions & { readonly onlyWithout?: string },
  ): Promise<void>;
  /** Takes the vector from these points, or from every point that has it. Twice is harmless. */
  deleteVector(
    name: string,
    vector: string,
    ids: readonly PointId[] | "all",
    options?: WriteOptions,
  ): Promise<void>;
  /** Takes a named vector out of the collection, values and configuration. Twice is harmless. */
  dropVector(name: string, vector: string): Promise<void>;
  /** Deletes and waits. Ids that do not exist are no error. */
  delete(name: string, ids: readonly PointId[], options?: WriteOptions): Promise<void>;
}

/** A place in a payload and the string there; null: nothing is there. */
export interface TextField {
  /** Keys from the outside in. */
  readonly path: readonly string[];
  readonly value: string | null;
}

/** Vectors of a point that exists. */
export interface VectorWrite extends Pick<PointWrite, "id" | "vectors"> {
  /** Only while the point's payload holds this; null or left out: whatever it holds. */
  readonly onlyWhile?: readonly TextField[] | null;
}

export type Embedded =
  | {
      readonly ok: true;
      readonly vector: Float32Array;
      /** Tokens the model saw. */
      readonly tokens: number;
      /** Tokens beyond the contract's maximum, which it did not see. */
      readonly tokensLost: number;
    }
  | { readonly ok: false; readonly reason: string };

/** Text to vector with one model. Output order = input order; one outcome a text, never a throw for one text. */
export interface Embedder {
  readonly contract: ModelContract;
  embed(texts: readonly string[], kind: "passage" | "query"): Promise<readonly Embedded[]>;
  /** Which published model this is, by what it answers and by its files, whatever it is called. */
  recognize(): Promise<Recognition>;
}

export interface Recognition {
  /** Full name of the published model; null: none of those that are known. */
  readonly known: string | null;
  /** Where it is not used as published: pooling, tokenizer, prefixes; a clause each. */
  readonly doubts: readonly string[];
}

/** Objects under keys, written on condition only. Strongly consistent. */
export interface Ledger {
  /** Null when there is none. `version` goes into `replace`. */
  read(key: string): Promise<{ readonly body: string; readonly version: string } | null>;
  /** Writes only when the key is free (`If-None-Match: *`); false when it is taken. */
  create(key: string, body: string): Promise<boolean>;
  /** Writes only over the version that was read (`If-Match`); false when somebody was faster. */
  replace(key: string, body: string, version: string): Promise<boolean>;
  /** Keys with this prefix, in order, only those after `after` where given. */
  list(prefix: string, after?: string): AsyncIterable<string>;
}

/** Hints only: counts of a queue are eventually consistent and never mean "done". */
export interface QueueDepth {
  readonly waiting: number;
  readonly inFlight: number;
  readonly dead: number;
}

export interface Queue {
  /** Sends every message or throws TransientError; repeats entries the service refused. */
  send(messages: readonly string[]): Promise<void>;
  depth(): Promise<QueueDepth>;
}

/** Runs of the workflow: is the owner of a lock still at work? */
export interface Executions {
  isOpen(owner: string): Promise<boolean>;
}

/** Time as an argument: the story has no hidden clock. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

/** One JSON line an event: ids and counts, never payload text, vectors or keys. */
export type Log = (event: string, fields: Readonly<Record<string, Json>>) => void;

/** How long the current call may still take; Lambda has a clock, honour it before it strikes. */
export interface Deadline {
  remainingMs(): number;
}

/** The models this process can load. */
export interface Models {
  /** By name; null: the deployment's own. ConfigError for an unknown name or files that are absent or damaged. */
  open(name: string | null): Promise<Embedder>;
  /** The model that makes exactly these vectors, or null when its files are not here. */
  openContract(contract: ModelContract): Promise<Embedder | null>;
}
