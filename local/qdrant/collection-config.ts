import { fields, mergeFields, readFields } from "./config-fields.ts";
import { formatFault, noVectorName, unsupported, validationFault } from "./fault.ts";
import { isObject, type Json, JsonNumber, type JsonObject, merged, parseJson } from "./json.ts";

/** A collection's configuration in the shape of `GET /collections/{name}` → `result.config`. */
export type CollectionConfig = JsonObject;

const distances = ["Cosine", "Dot", "Euclid", "Manhattan"] as const;
export type Distance = (typeof distances)[number];

/** What a vector of a collection must look like. `size` is 0 for sparse vectors. */
export interface VectorSpec {
  readonly name: string;
  readonly kind: "dense" | "multi" | "sparse";
  readonly size: number;
  readonly distance: Distance;
  readonly datatype: string;
  readonly hasIdf: boolean;
}

const dimensionsMax = 65_536;

// The defaults of 1.19.0 as recorded; they are part of the answer of `GET /collections/{name}`.
const defaults = parseJson(`{
  "params": {"shard_number": 1, "replication_factor": 1, "write_consistency_factor": 1, "on_disk_payload": true},
  "hnsw": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000, "max_indexing_threads": 0, "on_disk": false},
  "optimizers": {"deleted_threshold": 0.2, "vacuum_min_vector_number": 1000, "default_segment_number": 0,
    "max_segment_size": null, "memmap_threshold": null, "indexing_threshold": 10000, "flush_interval_sec": 5,
    "max_optimization_threads": null, "prevent_unoptimized": null},
  "wal": {"wal_capacity_mb": 32, "wal_segments_ahead": 0, "wal_retain_closed": 1}
}`);

/**
 * Reads the body of a create request, over the strict mode that the server gives to new collections (empty: none).
 * Throws the real server's 400 and 422.
 */
export function parseConfig(
  body: JsonObject,
  text: string,
  strictModeDefaults: JsonObject,
): CollectionConfig {
  const shards = body.get("shard_number");
  if (shards instanceof JsonNumber && shards.value === 0)
    throw validationFault("shard_number: value 0 invalid, must be 1 or larger");
  const config = new Map<string, Json>([
    ["params", parseParams(body, text)],
    ["hnsw_config", withDefaults("hnsw", parseHnsw(body))],
    [
      "optimizer_config",
      withDefaults("optimizers", readFields(body.get("optimizers_config"), fields.optimizers)),
    ],
    ["wal_config", withDefaults("wal", readFields(body.get("wal_config"), fields.wal))],
    ["quantization_config", readQuantization(body.get("quantization_config")) ?? null],
  ]);
  const strictMode = body.get("strict_mode_config") ?? null;
  if (strictMode !== null || strictModeDefaults.size > 0) {
    const given = readFields(strictMode, fields.strictMode);
    config.set("strict_mode_config", mergeFields(strictModeDefaults, given, fields.strictMode));
  }
  const metadata = readMetadata(body);
  if (metadata !== undefined) config.set("metadata", metadata);
  return config;
}

function readMetadata(body: JsonObject): JsonObject | undefined {
  const metadata = body.get("metadata") ?? undefined;
  if (metadata === undefined || isObject(metadata)) return metadata;
  throw formatFault("invalid type for `metadata`, expected a map");
}

function parseHnsw(body: JsonObject): JsonObject {
  const hnsw = readFields(body.get("hnsw_config"), fields.hnsw);
  const neighbours = hnsw.get("ef_construct");
  if (neighbours instanceof JsonNumber && neighbours.value < 4) {
    throw validationFault(`hnsw_config.ef_construct: value ${neighbours.text} invalid, must be 4 or larger`);
  }
  return hnsw;
}

function parseParams(body: JsonObject, text: string): JsonObject {
  const params = new Map<string, Json>([["vectors", parseVectors(body.get("vectors"), text)]]);
  const given = readFields(body, {
    ...fields.params,
    read_fan_out_factor: "json",
    read_fan_out_delay_ms: "json",
  });
  for (const [name, value] of withDefaults("params", given)) {
    // Create does not take the fan-out settings; the real server ignores them there.
    if (!name.startsWith("read_fan_out")) params.set(name, value);
  }
  const sparse = body.get("sparse_vectors");
  if (isObject(sparse)) {
    params.set(
      "sparse_vectors",
      mapValues(sparse, (value) => readFields(value, fields.sparse)),
    );
  }
  return params;
}

function parseVectors(given: Json | undefined, text: string): JsonObject {
  if (given === undefined || given === null) return new Map();
  const isSingle = isObject(given) && (given.has("distance") || given.get("size") instanceof JsonNumber);
  if (isSingle) return parseVector(given, "vectors", text);
  if (!isObject(given))
    throw formatFault("data did not match any variant of untagged enum VectorsConfig", text);
  return mapValues(given, (value, name) => parseVector(value, `vectors.${name}`, text));
}

/** Reads the parameters of one dense vector; `where` names it in a validation message. */
export function parseVector(given: Json | undefined, where: string, text: string): JsonObject {
  const size = isObject(given) ? given.get("size") : undefined;
  const distance = isObject(given) ? given.get("distance") : undefined;
  const isSize =
    size instanceof JsonNumber && size.isInteger && size.value >= (where.startsWith("vectors") ? 1 : 0);
  if (!isSize || !distances.some((known) => known === distance)) {
    throw formatFault("data did not match any variant of untagged enum VectorsConfig", text);
  }
  if (size.value < 1 || size.value > dimensionsMax) {
    throw validationFault(`${where}.size: value ${size.text} invalid, must be from 1 to ${dimensionsMax}`);
  }
  checkStorage(given, text);
  return readFields(given, fields.vector);
}

const datatypes = ["float32", "float16", "uint8"];

function checkStorage(given: Json | undefined, text: string): void {
  const { datatype, memory } = {
    datatype: isObject(given) ? (given.get("datatype") ?? null) : null,
    memory: isObject(given) ? given.get("memory") : null,
  };
  if (datatype === "turbo4") throw unsupported("the datatype turbo4");
  // Refused there too, in words that were not recorded.
  if (memory === "pinned") throw unsupported("pinned memory of dense vectors");
  if (datatype !== null && !datatypes.some((known) => known === datatype))
    throw formatFault("data did not match any variant of untagged enum VectorsConfig", text);
}

/** The configuration after a PATCH. Null members change nothing, as in the real server. */
export function patchConfig(config: CollectionConfig, patch: JsonObject): CollectionConfig {
  const patched = new Map(config);
  const merge = (name: string, from: string, known: (typeof fields)[keyof typeof fields]): void => {
    const given = readFields(patch.get(from), known);
    if (given.size > 0) patched.set(name, mergeFields(config.get(name), given, known));
  };
  parseHnsw(patch);
  merge("hnsw_config", "hnsw_config", fields.hnsw);
  merge("optimizer_config", "optimizers_config", fields.optimizers);
  merge("strict_mode_config", "strict_mode_config", fields.strictMode);
  patched.set("params", patchParams(config, patch));
  const quantization = patch.get("quantization_config");
  if (quantization !== undefined && quantization !== null) {
    patched.set("quantization_config", readQuantization(quantization) ?? null);
  }
  const metadata = readMetadata(patch);
  if (metadata !== undefined) patched.set("metadata", merged(config.get("metadata"), metadata));
  return patched;
}

function patchParams(config: CollectionConfig, patch: JsonObject): JsonObject {
  const before = paramsOf(config);
  const given = readFields(patch.get("params"), fields.params);
  given.forEach((_, name) => {
    if (name === "shard_number" || name === "sharding_method") throw unsupported(`a PATCH of ${name}`);
  });
  const params = new Map<string, Json>([["vectors", patchVectors(before, patch.get("vectors"))]]);
  for (const [name, value] of mergeFields(before, given, fields.params)) params.set(name, value);
  const sparse = before.get("sparse_vectors");
  if (isObject(sparse)) {
    const changes = patch.get("sparse_vectors");
    params.set(
      "sparse_vectors",
      mapValues(sparse, (value, name) => patchVector(value, changes, name, fields.sparse)),
    );
  }
  return params;
}

function patchVectors(params: JsonObject, changes: Json | undefined): JsonObject {
  const vectors = params.get("vectors");
  if (!isObject(vectors)) return new Map();
  const isSingle = isSingleVector(vectors);
  if ((changes ?? null) !== null && !isObject(changes))
    throw formatFault("invalid type for `vectors`, expected a map");
  for (const [name, change] of isObject(changes) ? changes : []) {
    if (!isObject(change)) throw formatFault("invalid type, expected struct VectorParamsDiff");
    if (isSingle ? name !== "" : !vectors.has(name)) throw noVectorName(name);
  }
  if (isSingle) return patchVector(vectors, changes, "", fields.vector);
  return mapValues(vectors, (value, name) => patchVector(value, changes, name, fields.vector));
}

function patchVector(
  value: Json,
  changes: Json | undefined,
  name: string,
  known: typeof fields.vector | typeof fields.sparse,
): JsonObject {
  const given = isObject(changes) ? changes.get(name) : undefined;
  if (!isObject(given)) return readFields(value, known);
  // Size, distance and the like are not changeable and silently ignored.
  const changeable = new Map([...given].filter(([key]) => changeableFields.has(key)));
  const quantization = changeable.get("quantization_config") ?? null;
  changeable.delete("quantization_config");
  const patched = new Map(mergeFields(value, readFields(changeable, known), known));
  // Quantization is replaced, not merged, and "Disabled" takes it away.
  if (quantization !== null) patched.delete("quantization_config");
  const replaced = readQuantization(quantization);
  if (replaced !== undefined) patched.set("quantization_config", replaced);
  return mergeFields(patched, new Map(), known);
}

const changeableFields = new Set([
  "hnsw_config",
  "quantization_config",
  "on_disk",
  "memory",
  "index",
  "modifier",
]);

/** The configuration with a named vector added or, with `params` undefined, taken away. */
export function withVector(
  config: CollectionConfig,
  name: string,
  params: JsonObject | undefined,
  isSparse: boolean,
): CollectionConfig {
  const all = new Map(paramsOf(config));
  const key = isSparse ? "sparse_vectors" : "vectors";
  const before = all.get(key);
  // An unnamed vector gets its name "" as soon as a second one stands beside it.
  const named =
    isObject(before) && isSingleVector(before) ? new Map([["", before]]) : isObject(before) ? before : [];
  const vectors = new Map<string, Json>(named);
  if (params === undefined) vectors.delete(name);
  else vectors.set(name, params);
  all.set(key, new Map([...vectors].sort(([a], [b]) => (a < b ? -1 : 1))));
  return new Map(config).set("params", all);
}

export const paramsOf = (config: CollectionConfig): JsonObject => objectAt(config, "params");

export function objectAt(object: JsonObject, key: string): JsonObject {
  const value = object.get(key);
  return isObject(value) ? value : new Map();
}

/** The vectors a configuration declares, by name; "" is the unnamed one. */
export function vectorSpecs(config: CollectionConfig): Map<string, VectorSpec> {
  const dense = objectAt(paramsOf(config), "vectors");
  const named: JsonObject = isSingleVector(dense) ? new Map([["", dense]]) : dense;
  const specs = [...named].map(([name, params]) => denseSpec(name, isObject(params) ? params : new Map()));
  const sparse = [...objectAt(paramsOf(config), "sparse_vectors")].map(([name, params]) =>
    sparseSpec(name, params),
  );
  return new Map([...specs, ...sparse].map((spec) => [spec.name, spec]));
}

function denseSpec(name: string, params: JsonObject): VectorSpec {
  const size = params.get("size");
  const datatype = params.get("datatype");
  return {
    name,
    kind: params.has("multivector_config") ? "multi" : "dense",
    size: size instanceof JsonNumber ? size.value : 0,
    distance: distances.find((distance) => distance === params.get("distance")) ?? "Cosine",
    datatype: typeof datatype === "string" ? datatype : "float32",
    hasIdf: false,
  };
}

function sparseSpec(name: string, params: Json): VectorSpec {
  const hasIdf = isObject(params) && params.get("modifier") === "idf";
  return { name, kind: "sparse", size: 0, distance: "Dot", datatype: "float32", hasIdf };
}

const isSingleVector = (vectors: JsonObject): boolean => vectors.get("size") instanceof JsonNumber;

function readQuantization(given: Json | undefined): JsonObject | undefined {
  const read = readFields(given, fields.quantization);
  return read.size === 0 ? undefined : read;
}

function withDefaults(section: "params" | "hnsw" | "optimizers" | "wal", given: JsonObject): JsonObject {
  const base = isObject(defaults) ? defaults.get(section) : undefined;
  return mergeFields(base, given, fields[section]);
}

function mapValues(object: JsonObject, change: (value: Json, name: string) => Json): JsonObject {
  const names = [...object.keys()].sort();
  return new Map(names.map((name) => [name, change(object.get(name) ?? null, name)]));
}
