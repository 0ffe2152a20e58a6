// Collections as a real Qdrant 1.19 described them, and what a server makes of a create body.
import { readFileSync } from "node:fs";
import type { TargetConfiguration } from "../../src/migration/configuration.ts";
import type { CollectionInfo, Json, JsonObject } from "../../src/migration/ports.ts";
import { parseInfo } from "../../src/qdrant/info.ts";
import { membersAt } from "../../src/qdrant/slices.ts";
import { sharedPath } from "./shared.ts";

/** A collection with nearly every setting there is, as the server shows it. */
export const FULL: CollectionInfo = {
  status: "green",
  optimizerOk: true,
  updateQueueLength: 0,
  deferredPoints: 0,
  segments: 2,
  config: {
    params: {
      vectors: {
        dense: {
          size: 384,
          distance: "Cosine",
          hnsw_config: { m: 24, ef_construct: 128, on_disk: true, payload_m: 16 },
          quantization_config: { scalar: { type: "int8", quantile: 0.99, always_ram: true } },
          on_disk: true,
          datatype: "float16",
        },
        man: { size: 4, distance: "Manhattan" },
        multi: { size: 4, distance: "Dot", multivector_config: { comparator: "max_sim" } },
        bytes: { size: 4, distance: "Euclid", datatype: "uint8" },
      },
      shard_number: 2,
      replication_factor: 2,
      write_consistency_factor: 2,
      read_fan_out_factor: 3,
      read_fan_out_delay_ms: 40,
      on_disk_payload: true,
      payload: { memory: "cold" },
      sparse_vectors: {
        bm25: { index: { full_scan_threshold: 500, on_disk: true, datatype: "float16" }, modifier: "idf" },
        splade: {},
      },
    },
    hnsw_config: { m: 32, ef_construct: 200, full_scan_threshold: 20000, on_disk: false, payload_m: 8 },
    optimizer_config: { deleted_threshold: 0.3, max_segment_size: null, indexing_threshold: 30000 },
    wal_config: { wal_capacity_mb: 16, wal_segments_ahead: 1, wal_retain_closed: 2 },
    quantization_config: { binary: { always_ram: true } },
    strict_mode_config: { enabled: true, max_query_limit: 1000, max_collection_vector_size_bytes: 1000 },
    metadata: { owner: "me", dim: 384, nested: { list: [1, null] } },
  },
  payloadSchema: {
    user: { data_type: "keyword", params: { type: "keyword", is_tenant: true, on_disk: true }, points: 3 },
    "meta.at": { data_type: "datetime", points: 0 },
    body: {
      data_type: "text",
      params: { type: "text", tokenizer: "word", stemmer: { type: "snowball", language: "english" } },
      points: 1,
    },
  },
};

/** One plain collection with an unnamed vector. */
export const PLAIN: CollectionInfo = {
  ...FULL,
  config: { params: { vectors: { size: 384, distance: "Cosine" } }, hnsw_config: { m: 16 } },
  payloadSchema: {},
};

const SCENARIOS = [
  "02-collections",
  "03-payload-indexes",
  "08-strict-mode",
  "13-cluster",
  "17-cloud-profile",
];

/** Every description of a collection in the recordings, by scenario and path; empty when they are not here. */
export function recordedCollections(): ReadonlyMap<string, CollectionInfo> {
  const found = new Map<string, CollectionInfo>();
  for (const scenario of SCENARIOS) {
    const file = sharedPath("qdrant-recordings", `${scenario}.json`);
    if (file === null) continue;
    const { exchanges } = JSON.parse(readFileSync(file, "utf8"));
    for (const { request, response } of exchanges) {
      const isInfo = request.method === "GET" && /^\/collections\/[^/?]+$/.test(request.path);
      if (!isInfo || response.status !== 200) continue;
      const result = membersAt(response.body_raw).get("result") ?? "null";
      found.set(`${scenario} ${request.path.slice(0, 40)} (${found.size})`, parseInfo(request.path, result));
    }
  }
  return found;
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** The description of the collection that these requests make: the same members under the server's own names. */
export function asServerShows({ create, after, payloadIndexes }: TargetConfiguration): CollectionInfo {
  const { hnsw_config, optimizers_config, wal_config, quantization_config, metadata, ...rest } = create;
  const { strict_mode_config, ...params } = rest;
  const patched = { params, strict_mode_config: objectOf(strict_mode_config) };
  for (const patch of after) {
    patched.params = { ...patched.params, ...objectOf(patch.params) };
    patched.strict_mode_config = { ...patched.strict_mode_config, ...objectOf(patch.strict_mode_config) };
  }
  const isStrict = Object.keys(patched.strict_mode_config).length > 0;
  const config = {
    params: patched.params,
    hnsw_config: hnsw_config ?? null,
    optimizer_config: optimizers_config ?? null,
    wal_config: wal_config ?? null,
    quantization_config: quantization_config ?? null,
    ...(isStrict ? { strict_mode_config: patched.strict_mode_config } : {}),
    metadata: metadata ?? null,
  };
  const schema = payloadIndexes.map(({ field, schema: given }) => [
    field,
    typeof given === "string"
      ? { data_type: given, points: 0 }
      : { data_type: given.type ?? null, params: given, points: 0 },
  ]);
  return { ...FULL, config, payloadSchema: Object.fromEntries(schema) };
}
