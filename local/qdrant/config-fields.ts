import { formatFault } from "./fault.ts";
import { isObject, type Json, JsonNumber, type JsonObject } from "./json.ts";

/** What the real server reads of an object of its configuration, in the order in which it writes it back. */
export interface Fields {
  readonly [name: string]: "integer" | "float" | "boolean" | "text" | "json" | Fields;
}

const hnswFields: Fields = {
  m: "integer",
  ef_construct: "integer",
  full_scan_threshold: "integer",
  max_indexing_threads: "integer",
  on_disk: "boolean",
  memory: "text",
  payload_m: "integer",
  inline_storage: "boolean",
};

const quantizationFields: Fields = {
  scalar: { type: "text", quantile: "float", always_ram: "boolean", memory: "text" },
  product: { compression: "text", always_ram: "boolean", memory: "text" },
  binary: { always_ram: "boolean", memory: "text", encoding: "text", query_encoding: "json" },
  turbo: { bits: "text", always_ram: "boolean", memory: "text" },
};

export const fields = {
  hnsw: hnswFields,
  quantization: quantizationFields,
  vector: {
    size: "integer",
    distance: "text",
    hnsw_config: hnswFields,
    quantization_config: quantizationFields,
    on_disk: "boolean",
    memory: "text",
    datatype: "text",
    multivector_config: { comparator: "text" },
  },
  sparse: {
    index: { full_scan_threshold: "integer", on_disk: "boolean", memory: "text", datatype: "text" },
    modifier: "text",
  },
  optimizers: {
    deleted_threshold: "float",
    vacuum_min_vector_number: "integer",
    default_segment_number: "integer",
    max_segment_size: "integer",
    memmap_threshold: "integer",
    indexing_threshold: "integer",
    flush_interval_sec: "integer",
    max_optimization_threads: "json",
    prevent_unoptimized: "boolean",
  },
  wal: { wal_capacity_mb: "integer", wal_segments_ahead: "integer", wal_retain_closed: "integer" },
  params: {
    shard_number: "integer",
    sharding_method: "text",
    replication_factor: "integer",
    write_consistency_factor: "integer",
    read_fan_out_factor: "integer",
    read_fan_out_delay_ms: "integer",
    on_disk_payload: "boolean",
    payload: { memory: "text" },
  },
  strictMode: {
    enabled: "boolean",
    max_query_limit: "integer",
    max_timeout: "integer",
    unindexed_filtering_retrieve: "boolean",
    unindexed_filtering_update: "boolean",
    search_max_hnsw_ef: "integer",
    search_allow_exact: "boolean",
    search_max_oversampling: "float",
    upsert_max_batchsize: "integer",
    search_max_batchsize: "integer",
    max_collection_vector_size_bytes: "integer",
    read_rate_limit: "integer",
    write_rate_limit: "integer",
    max_collection_payload_size_bytes: "integer",
    max_points_count: "integer",
    filter_max_conditions: "integer",
    condition_max_size: "integer",
    multivector_config: "json",
    sparse_config: "json",
    max_payload_index_count: "integer",
    max_resident_memory_percent: "integer",
    max_disk_usage_percent: "integer",
  },
} satisfies Record<string, Fields>;

/** The known members of `given`, typed and in order. Unknown ones are ignored and null means "not given", as there. */
export function readFields(given: Json | undefined, known: Fields): JsonObject {
  const read = new Map<string, Json>();
  if (given === undefined || given === null) return read;
  if (!isObject(given)) throw formatFault("invalid type, expected a map");
  for (const [name, kind] of Object.entries(known)) {
    const value = given.get(name);
    if (value !== undefined && value !== null) read.set(name, readField(name, value, kind));
  }
  return read;
}

function readField(name: string, value: Json, kind: Fields[string]): Json {
  if (kind === "json") return value;
  if (typeof kind === "object") {
    if (isObject(value)) return readFields(value, kind);
  } else if (kind === "float") {
    if (value instanceof JsonNumber) return value.isInteger ? new JsonNumber(`${value.text}.0`) : value;
  } else if (kind === "integer") {
    if (value instanceof JsonNumber && value.isInteger && value.value >= 0) return value;
  } else if (typeof value === (kind === "text" ? "string" : "boolean")) return value;
  throw formatFault(
    `invalid value for \`${name}\`, expected ${typeof kind === "string" ? kind : "an object"}`,
  );
}

/** `base` with the members of `over` on top; objects inside are merged the same way, in the order of `known`. */
export function mergeFields(base: Json | undefined, over: JsonObject, known: Fields): JsonObject {
  const merged = new Map<string, Json>();
  const before: JsonObject = isObject(base) ? base : new Map();
  for (const [name, kind] of Object.entries(known)) {
    const next = over.get(name);
    const value =
      typeof kind === "object" && isObject(next)
        ? mergeFields(before.get(name), next, kind)
        : (next ?? before.get(name));
    if (value !== undefined) merged.set(name, value);
  }
  return merged;
}
