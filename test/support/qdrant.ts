// A Qdrant in memory that behaves as the port promises: id order, atomic points, aliases that resolve, whole
// writes. Collections hold points by id; `before` lets a test step in between any two calls.
import { PermanentError, TransientError } from "../../src/migration/errors.ts";
import { compareShards, type PointId, placeOf } from "../../src/migration/ids.ts";
import type {
  AliasAction,
  CollectionInfo,
  Json,
  JsonObject,
  KeyDescription,
  KeyUse,
  Point,
  PointWrite,
  Qdrant,
  ReadOptions,
  SearchHit,
  SearchOptions,
  ShardKey,
  Snapshot,
  TextField,
  VectorWrite,
  WriteOptions,
} from "../../src/migration/ports.ts";
import { cosine, vectorNumbers } from "../../src/migration/vector.ts";
import { keyProblems } from "../../src/qdrant/key.ts";
import { PointMap } from "./points.ts";

interface Stored {
  config: JsonObject;
  payloadSchema: JsonObject;
  readonly points: PointMap;
}

export type Call = keyof Qdrant;

export class FakeQdrant implements Qdrant {
  readonly stored = new Map<string, Stored>();
  readonly names = new Map<string, string>();
  /** Awaited before each call; may change the data, or throw what the wire would. */
  before: (call: Call, collection: string) => Promise<void> | void = () => {};
  /** Awaited after the effect of a write; throwing here is an answer that was lost. */
  after: (call: Call, collection: string) => Promise<void> | void = () => {};

  points(name: string): PointMap {
    return this.#at(name).points;
  }

  put(name: string, id: PointId, payload: object, vectors = "{}"): void {
    this.points(name).set(id, { id, payload: JSON.stringify(payload), vectors });
  }

  /** A server that checks what an alias is renamed to, as no known version does. */
  refusesRename = false;
  serverVersion = "1.19.0";
  /** What the next call of `waitedMs` answers. */
  waited = 0;

  waitedMs(): number {
    return this.waited;
  }

  async version(): Promise<string> {
    return this.serverVersion;
  }

  async keyDescription(): Promise<KeyDescription> {
    return { kind: "none", expiresAt: null, access: "unknown" };
  }

  async keyProblems(use: KeyUse, key?: KeyDescription): Promise<readonly string[]> {
    return keyProblems(key ?? (await this.keyDescription()), use);
  }

  async collections(): Promise<readonly string[]> {
    await this.before("collections", "");
    return [...this.stored.keys()];
  }

  async aliases() {
    await this.before("aliases", "");
    return [...this.names].map(([alias, collection]) => ({ alias, collection }));
  }

  async collection(name: string): Promise<CollectionInfo | null> {
    await this.before("collection", name);
    const found = this.stored.get(this.#resolve(name));
    if (found === undefined) return null;
    const { config, payloadSchema } = found;
    return {
      status: "green",
      optimizerOk: true,
      updateQueueLength: 0,
      deferredPoints: 0,
      segments: 2,
      config,
      payloadSchema,
    };
  }

  async createCollection(name: string, body: JsonObject): Promise<void> {
    await this.before("createCollection", name);
    if (this.stored.has(name) || this.names.has(name))
      throw new PermanentError(`Collection ${name} exists.`, { fields: { status: 409 } });
    const { vectors, sparse_vectors, optimizers_config, metadata, strict_mode_config, ...rest } = body;
    this.stored.set(name, {
      config: {
        params: {
          vectors: vectors ?? {},
          ...(sparse_vectors === undefined ? {} : { sparse_vectors }),
          ...rest,
        },
        optimizer_config: { ...DEFAULT_OPTIMIZERS, ...asObject(optimizers_config) },
        ...(metadata === undefined ? {} : { metadata }),
        ...(strict_mode_config === undefined ? {} : { strict_mode_config }),
      },
      payloadSchema: {},
      points: new PointMap(),
    });
    await this.after("createCollection", name);
  }

  async updateCollection(name: string, patch: JsonObject): Promise<void> {
    await this.before("updateCollection", name);
    const found = this.#at(name);
    const optimizers = { ...asObject(found.config.optimizer_config), ...asObject(patch.optimizers_config) };
    const metadata = { ...asObject(found.config.metadata), ...asObject(patch.metadata) };
    const strict = { ...asObject(found.config.strict_mode_config), ...asObject(patch.strict_mode_config) };
    found.config = {
      ...found.config,
      optimizer_config: optimizers,
      metadata,
      ...(Object.keys(strict).length === 0 ? {} : { strict_mode_config: strict }),
    };
  }

  async deleteCollection(name: string): Promise<void> {
    await this.before("deleteCollection", name);
    this.stored.delete(name);
    for (const [alias, collection] of this.names) if (collection === name) this.names.delete(alias);
  }

  async createPayloadIndex(name: string, field: string): Promise<void> {
    const found = this.#at(name);
    found.payloadSchema = { ...found.payloadSchema, [field]: { data_type: "keyword", points: 0 } };
  }

  /** Shard keys by the collection's own name. */
  readonly shards = new Map<string, ShardKey[]>();

  async createShardKey(name: string, key: ShardKey): Promise<void> {
    await this.before("createShardKey", name);
    const own = this.#resolve(name);
    const keys = this.shards.get(own) ?? [];
    if (!keys.some((one) => one.key === key.key)) this.shards.set(own, [...keys, key]);
    await this.after("createShardKey", name);
  }

  async shardKeys(name: string): Promise<readonly ShardKey[]> {
    await this.before("shardKeys", name);
    const keys = this.shards.get(this.#resolve(name)) ?? [];
    return keys.toSorted((a, b) => compareShards(a.key, b.key));
  }

  async changeAliases(actions: readonly AliasAction[]): Promise<void> {
    await this.before("changeAliases", "");
    // One after the other; those before one that fails stay done, as on the real server.
    for (const action of actions) this.#changeAlias(action);
    await this.after("changeAliases", "");
  }

  /** Snapshots by the collection's own name; the first look after a request does not see it yet. */
  readonly snapshotsOf = new Map<string, Snapshot[]>();
  remoteShardCount = 0;
  #making: string | null = null;

  async snapshots(name: string): Promise<readonly Snapshot[]> {
    await this.before("snapshots", name);
    return [...(this.snapshotsOf.get(this.#resolve(name)) ?? [])];
  }

  /** It is finished when `finishSnapshot` says so. */
  async askForSnapshot(name: string): Promise<void> {
    await this.before("askForSnapshot", name);
    this.#making = this.#resolve(name);
    await this.after("askForSnapshot", name);
  }

  finishSnapshot(): void {
    const own = this.#making;
    if (own === null) return;
    const list = this.snapshotsOf.get(own) ?? [];
    list.push({ name: `${own}-1-${list.length}.snapshot`, sizeBytes: 64_512, checksum: "5b6a" });
    this.snapshotsOf.set(own, list);
    this.#making = null;
  }

  async remoteShards(name: string): Promise<number> {
    await this.before("remoteShards", name);
    return this.remoteShardCount;
  }

  async count(name: string, vector?: string): Promise<number> {
    await this.before("count", name);
    const points = [...this.points(name).values()];
    return vector === undefined
      ? points.length
      : points.filter(({ vectors }) => vectorNumbers(vectors, vector) !== null).length;
  }

  async scroll(name: string, from: PointId | null, limit: number, options: ReadOptions = {}) {
    await this.before("scroll", name);
    const ids = this.points(name).idsFrom(from, limit + 1);
    const points = ids.slice(0, limit).map((id) => this.#read(name, id, options));
    return { points, next: ids[limit] ?? null };
  }

  async retrieve(
    name: string,
    ids: readonly PointId[],
    options: ReadOptions = {},
  ): Promise<readonly Point[]> {
    await this.before("retrieve", name);
    const there = new Set(ids.filter((id) => this.points(name).has(id)));
    return [...there].map((id) => this.#read(name, id, options));
  }

  async sampleIds(name: string, count: number): Promise<readonly PointId[]> {
    const ids = this.points(name).sortedIds();
    const step = Math.max(1, Math.floor(ids.length / count));
    return ids.filter((_, index) => index % step === 0).slice(0, count);
  }

  async search(
    name: string,
    vector: Float32Array,
    limit: number,
    { using = "" }: SearchOptions = {},
  ): Promise<readonly SearchHit[]> {
    await this.before("search", name);
    const hits = [...this.points(name).values()].flatMap(({ id, payload, vectors }) => {
      const stored = vectorNumbers(vectors, using);
      if (stored !== null && stored.length !== vector.length)
        throw new PermanentError(`Vector dimension error in ${name}.`, { fields: { status: 400 } });
      return stored === null ? [] : [{ id, payload, score: cosine(stored, vector) }];
    });
    return hits.sort((a, b) => b.score - a.score).slice(0, limit);
  }

  /** True while strict mode refuses every upsert to this collection. */
  isFenced(collection: string): boolean {
    const strict = asObject(this.stored.get(collection)?.config.strict_mode_config);
    return strict.enabled === true && strict.upsert_max_batchsize === 0;
  }

  async upsert(
    name: string,
    points: readonly PointWrite[],
    { makesShardKeys = false }: WriteOptions = {},
  ): Promise<void> {
    await this.before("upsert", name);
    if (this.isFenced(this.#resolve(name))) throw new TransientError(`Upserts to ${name} are refused.`);
    if (this.#isSharded(name))
      for (const { id } of points) await this.#ensureShardKey(name, id, makesShardKeys);
    for (const { id, payload, vectors } of points) this.points(name).set(id, { id, payload, vectors });
    await this.after("upsert", name);
  }

  async updateVectors(
    name: string,
    points: readonly VectorWrite[],
    { onlyWithout }: { readonly onlyWithout?: string } = {},
  ): Promise<void> {
    await this.before("updateVectors", name);
    let missing: PointId | null = null;
    for (const { id, vectors, onlyWhile } of points) {
      const point = this.points(name).get(id);
      if (point === undefined) missing ??= id;
      else if (
        (onlyWithout === undefined || vectorNumbers(point.vectors, onlyWithout) === null) &&
        (onlyWhile ?? []).every((field) => holds(point.payload, field))
      )
        this.points(name).set(id, {
          ...point,
          vectors: asWritten({ ...named(point.vectors), ...named(vectors) }),
        });
    }
    // Those that are there have been written all the same, as on the real server.
    if (missing !== null)
      throw new PermanentError(`No point with id ${missing} found`, { fields: { status: 404 } });
    await this.after("updateVectors", name);
  }

  async deleteVector(name: string, vector: string, ids: readonly PointId[] | "all"): Promise<void> {
    await this.before("deleteVector", name);
    for (const [id, point] of this.points(name)) {
      if (ids !== "all" && !ids.includes(id)) continue;
      const { [vector]: _, ...rest } = named(point.vectors);
      this.points(name).set(id, { ...point, vectors: asWritten(rest) });
    }
    await this.after("deleteVector", name);
  }

  async dropVector(name: string, vector: string): Promise<void> {
    await this.before("dropVector", name);
    const found = this.#at(name);
    const params = asObject(found.config.params);
    const { [vector]: _, ...vectors } = asObject(params.vectors);
    found.config = { ...found.config, params: { ...params, vectors } };
    await this.deleteVector(name, vector, "all");
    await this.after("dropVector", name);
  }

  async delete(name: string, ids: readonly PointId[]): Promise<void> {
    await this.before("delete", name);
    for (const id of ids) this.points(name).delete(id);
    await this.after("delete", name);
  }

  /** A name that is a collection's own cannot be created as an alias, but an alias may be renamed to it. */
  #changeAlias(action: AliasAction): void {
    if ("delete_alias" in action) {
      this.names.delete(action.delete_alias.alias_name);
    } else if ("create_alias" in action) {
      const { alias_name: alias, collection_name: collection } = action.create_alias;
      if (!this.stored.has(collection)) throw refusal(404, `Collection ${collection} doesn't exist!`);
      if (this.stored.has(alias)) throw refusal(409, `Collection ${alias} already exists!`);
      this.names.set(alias, collection);
    } else {
      const { old_alias_name: from, new_alias_name: to } = action.rename_alias;
      const collection = this.names.get(from);
      if (collection === undefined) throw refusal(404, `Alias ${from} does not exists!`);
      if (this.refusesRename && this.stored.has(to)) throw refusal(409, `Collection ${to} already exists!`);
      this.names.delete(from);
      this.names.set(to, collection);
    }
  }

  #isSharded(name: string): boolean {
    return asObject(this.#at(name).config.params).sharding_method === "custom";
  }

  async #ensureShardKey(name: string, id: PointId, makes: boolean): Promise<void> {
    const { shard } = placeOf(id);
    if (shard === null) throw refusal(400, "Shard key not specified");
    if ((await this.shardKeys(name)).some(({ key }) => key === shard)) return;
    if (!makes) throw refusal(400, `Shard key ${shard} not found`);
    await this.createShardKey(name, { key: shard, shards: 1, replicas: 1 });
  }

  #resolve(name: string): string {
    return this.names.get(name) ?? name;
  }

  #at(name: string): Stored {
    const found = this.stored.get(this.#resolve(name));
    if (found === undefined)
      throw new PermanentError(`Collection ${name} does not exist.`, { fields: { status: 404 } });
    return found;
  }

  #read(name: string, id: PointId, { payload = true, vectors = false }: ReadOptions): Point {
    const point = this.points(name).get(id);
    if (point === undefined) throw new Error(`No point ${id}`);
    return { id, payload: payload ? point.payload : "{}", vectors: selected(point.vectors, vectors) };
  }
}

function holds(payload: string, { path, value }: TextField): boolean {
  let found: unknown = JSON.parse(payload);
  for (const name of path) found = asObject(found)[name];
  return (found ?? null) === value;
}

const refusal = (status: number, message: string) => new PermanentError(message, { fields: { status } });

/** Vectors by name, the unnamed one as "". */
const named = (vectors: string | null): JsonObject => {
  const parsed: Json = JSON.parse(vectors ?? "{}");
  return Array.isArray(parsed) ? { "": parsed } : asObject(parsed);
};

/** The unnamed vector alone is an array in a server's answer. */
const asWritten = (vectors: JsonObject): string =>
  JSON.stringify(Object.keys(vectors).join() === "" && "" in vectors ? vectors[""] : vectors);

const selected = (vectors: string | null, names: boolean | readonly string[]): string | null => {
  if (names === false) return null;
  const all = Object.entries(named(vectors));
  const wanted = names === true ? all : all.filter(([name]) => names.includes(name));
  return asWritten(Object.fromEntries(wanted));
};

// What a server shows for a collection nobody tuned.
const DEFAULT_OPTIMIZERS: JsonObject = {
  deleted_threshold: 0.2,
  vacuum_min_vector_number: 1000,
  default_segment_number: 0,
  max_segment_size: null,
  memmap_threshold: null,
  indexing_threshold: 10_000,
  flush_interval_sec: 5,
  max_optimization_threads: null,
  prevent_unoptimized: null,
};

const asObject = (value: unknown): JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : {};
