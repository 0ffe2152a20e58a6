// What a collection is, carried to another one on a server: every setting and index the recordings create.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fields } from "../../local/qdrant/config-fields.ts";
import { startQdrant } from "../../local/qdrant/server.ts";
import { targetConfiguration } from "../../src/migration/configuration.ts";
import { configurationDifference } from "../../src/migration/configurationDifference.ts";
import { metadataOf } from "../../src/migration/metadata.ts";
import type { CollectionInfo, JsonObject, Qdrant } from "../../src/migration/ports.ts";
import { denseVectors } from "../../src/migration/schema.ts";
import { openQdrant } from "../../src/qdrant/client.ts";
import { sharedPath } from "../support/shared.ts";

interface Making {
  readonly create: JsonObject;
  readonly patches: readonly JsonObject[];
  readonly indexes: readonly { readonly field_name: string; readonly field_schema: string | JsonObject }[];
}

const HNSW = {
  ...{ m: 24, ef_construct: 120, full_scan_threshold: 9_000, max_indexing_threads: 2 },
  ...{ on_disk: true, memory: "cold", payload_m: 12, inline_storage: true },
};
const QUANTIZATIONS: Readonly<Record<string, JsonObject>> = {
  scalar: { type: "int8", quantile: 0.99, always_ram: true, memory: "pinned" },
  product: { compression: "x16", always_ram: true, memory: "pinned" },
  binary: { always_ram: true, memory: "pinned", encoding: "two_bits", query_encoding: "scalar8bits" },
  turbo: { bits: "bits2", always_ram: true, memory: "pinned" },
};

/** A collection with every setting that this version of the server knows; of quantizations it has one kind. */
function everything(kind: string): Making {
  const quantization_config = { [kind]: QUANTIZATIONS[kind] ?? null };
  const words = { full_scan_threshold: 7_000, on_disk: true, memory: "cached", datatype: "float16" };
  return {
    create: {
      vectors: {
        "": {
          ...{ size: 384, distance: "Cosine", datatype: "float16", on_disk: true, memory: "cold" },
          ...{ hnsw_config: HNSW, quantization_config },
        },
        parts: { size: 8, distance: "Dot", multivector_config: { comparator: "max_sim" } },
      },
      sparse_vectors: { words: { index: words, modifier: "idf" } },
      ...{ shard_number: 2, replication_factor: 1, write_consistency_factor: 1, on_disk_payload: true },
      ...{ payload: { memory: "cold" }, hnsw_config: { ...HNSW, m: 20 }, quantization_config },
      optimizers_config: {
        ...{ deleted_threshold: 0.3, vacuum_min_vector_number: 900, default_segment_number: 3 },
        ...{ max_segment_size: 50_000, memmap_threshold: 40_000, indexing_threshold: 30_000 },
        ...{ flush_interval_sec: 4, max_optimization_threads: 2, prevent_unoptimized: true },
      },
      wal_config: { wal_capacity_mb: 16, wal_segments_ahead: 1, wal_retain_closed: 2 },
      strict_mode_config: {
        ...{ enabled: true, max_query_limit: 900, max_timeout: 30, unindexed_filtering_retrieve: false },
        ...{ unindexed_filtering_update: false, search_max_hnsw_ef: 200, search_allow_exact: true },
        ...{ search_max_oversampling: 2.5, upsert_max_batchsize: 50, search_max_batchsize: 20 },
        ...{ read_rate_limit: 9_000, write_rate_limit: 8_000, max_collection_payload_size_bytes: 1e9 },
        ...{ max_points_count: 1_000_000, filter_max_conditions: 30, condition_max_size: 40 },
        ...{
          multivector_config: { parts: { max_vectors: 9 } },
          sparse_config: { words: { max_length: 99 } },
        },
        ...{ max_payload_index_count: 40, max_resident_memory_percent: 90, max_disk_usage_percent: 80 },
        max_collection_vector_size_bytes: 1e9,
      },
      metadata: { owner: "me", list: [1, { deep: null }] },
    },
    patches: [{ params: { read_fan_out_factor: 2, read_fan_out_delay_ms: 40 } }],
    indexes: INDEXES.map((field_schema, at) => ({ field_name: `meta.field_${at}[]`, field_schema })),
  };
}

const INDEXES: readonly (string | JsonObject)[] = [
  ...["keyword", "integer", "float", "bool", "geo", "datetime", "text", "uuid"],
  { type: "keyword", is_tenant: true, prefix: true, on_disk: true, memory: "cold", enable_hnsw: false },
  { type: "integer", lookup: true, range: false, is_principal: true, on_disk: true, enable_hnsw: false },
  { type: "float", is_principal: true, on_disk: true, enable_hnsw: false },
  { type: "bool", on_disk: true, enable_hnsw: false },
  { type: "geo", on_disk: true, enable_hnsw: false },
  { type: "datetime", is_principal: true, on_disk: true, enable_hnsw: false },
  { type: "uuid", is_tenant: true, on_disk: true, enable_hnsw: false },
  {
    ...{ type: "text", tokenizer: "word", min_token_len: 2, max_token_len: 30, lowercase: true },
    ...{ ascii_folding: true, phrase_matching: true, stopwords: { languages: ["german"], custom: ["der"] } },
    ...{ on_disk: true, stemmer: { type: "snowball", language: "german" }, enable_hnsw: false },
  },
];

/** Collections of our own, and those of the recordings where they are here, by name. */
function makings(): ReadonlyMap<string, Making> {
  const found = new Map<string, Making>();
  for (const kind of Object.keys(QUANTIZATIONS)) found.set(`every setting, ${kind}`, everything(kind));
  for (const scenario of ["02-collections", "03-payload-indexes", "08-strict-mode", "17-cloud-profile"]) {
    const file = sharedPath("qdrant-recordings", `${scenario}.json`);
    if (file !== null) readMakings(JSON.parse(readFileSync(file, "utf8")).exchanges, scenario, found);
  }
  return found;
}

interface Exchange {
  readonly request: { readonly method: string; readonly path: string; readonly body_raw?: string };
  readonly response: { readonly status: number };
}

/** The last successful creation of each name, with the patches and indexes that followed. */
function readMakings(exchanges: readonly Exchange[], scenario: string, found: Map<string, Making>): void {
  for (const { request, response } of exchanges) {
    const [, name = "", rest = ""] = /^\/collections\/([^/?]+)(\/index)?/.exec(request.path) ?? [];
    if (response.status !== 200 || name === "" || request.body_raw === undefined) continue;
    const key = `${scenario} ${decodeURIComponent(name).slice(0, 30)}`;
    const before = found.get(key);
    const isCollection = request.path.split("?")[0] === `/collections/${name}`;
    if (request.method === "PUT" && isCollection)
      found.set(key, { create: JSON.parse(request.body_raw), patches: [], indexes: [] });
    if (request.method === "PATCH" && isCollection && before !== undefined)
      found.set(key, { ...before, patches: [...before.patches, JSON.parse(request.body_raw)] });
    if (request.method === "PUT" && rest === "/index" && before !== undefined)
      found.set(key, { ...before, indexes: [...before.indexes, JSON.parse(request.body_raw)] });
  }
}

async function make(qdrant: Qdrant, { create, patches, indexes }: Making): Promise<CollectionInfo> {
  // Strict mode comes last here too: recorded limits are smaller than the number of recorded indexes.
  const { strict_mode_config: strict, ...plain } = create;
  await qdrant.createCollection("source", plain);
  for (const { field_name, field_schema } of indexes)
    await qdrant.createPayloadIndex("source", field_name, field_schema);
  for (const patch of [...(strict === undefined ? [] : [{ strict_mode_config: strict }]), ...patches])
    await qdrant.updateCollection("source", patch);
  return existing(qdrant, "source");
}

async function existing(qdrant: Qdrant, name: string): Promise<CollectionInfo> {
  const info = await qdrant.collection(name);
  assert.ok(info);
  return info;
}

async function carry(qdrant: Qdrant, source: CollectionInfo, vector: string): Promise<CollectionInfo> {
  const metadata = { ...metadataOf(source), remaster: { v: 1 } };
  const planned = targetConfiguration(source, { vector, dimensions: 768, metadata });
  // Through the ledger and back, as a plan goes.
  const { create, after, payloadIndexes, cannotCarry } = JSON.parse(JSON.stringify(planned));
  await qdrant.createCollection("target", create);
  for (const { field, schema } of payloadIndexes) await qdrant.createPayloadIndex("target", field, schema);
  for (const patch of after) await qdrant.updateCollection("target", patch);
  assert.deepEqual(cannotCarry, []);
  return existing(qdrant, "target");
}

/** The description without what is meant to differ: the size of the vector and the mark. */
function unmarked({ config, payloadSchema }: CollectionInfo, vector: string): unknown {
  const copy = JSON.parse(JSON.stringify({ config, payloadSchema }));
  const { vectors } = copy.config.params;
  delete (typeof vectors.size === "number" ? vectors : vectors[vector]).size;
  delete copy.config.metadata?.remaster;
  if (Object.keys(copy.config.metadata ?? {}).length === 0) delete copy.config.metadata;
  return copy;
}

/** Names of settings, each with those of the objects it lies in. */
function settingsIn(value: unknown, path = ""): readonly string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([name, inner]) => settingsIn(inner, `${path}.${name}`));
}

test("the collections with every setting have each one that the server knows", async () => {
  await using server = await startQdrant({ port: 0 });
  const qdrant = openQdrant({ url: server.url, apiKey: async () => null });
  const shown = new Set<string>();
  for (const kind of Object.keys(QUANTIZATIONS)) {
    const { config } = await make(qdrant, everything(kind));
    for (const setting of settingsIn(config)) shown.add(setting);
    await qdrant.deleteCollection("source");
  }
  const groups = {
    ...{ ".hnsw_config": fields.hnsw, ".quantization_config": fields.quantization, ".params": fields.params },
    ...{ ".optimizer_config": fields.optimizers, ".wal_config": fields.wal },
    ...{ ".strict_mode_config": fields.strictMode, ".params.vectors.": fields.vector },
    ".params.sparse_vectors.words": fields.sparse,
  };
  const isShown = (setting: string) =>
    [...shown].some((one) => one === setting || one.startsWith(`${setting}.`));

  const missing = Object.entries(groups)
    .flatMap(([path, group]) => settingsIn(group, path))
    .filter((setting) => !isShown(setting));

  // The stand-in for a cluster has shard keys: test/migration/shardKeys.test.ts. Of vectors, "parts" is the multivector.
  assert.deepEqual(missing, [".params.sharding_method", ".params.vectors..multivector_config.comparator"]);
});

for (const [name, making] of makings()) {
  test(`a server shows the same for both collections but the size: ${name}`, async (context) => {
    await using server = await startQdrant({ port: 0 });
    const qdrant = openQdrant({ url: server.url, apiKey: async () => null });
    const source = await make(qdrant, making);
    const usable = denseVectors(source).filter(({ isMulti, datatype }) => !isMulti && datatype !== "uint8");
    if (usable.length === 0) return context.skip("no vector to embed again");

    for (const { name: vector, dimensions } of usable) {
      const target = await carry(qdrant, source, vector);

      assert.deepEqual(unmarked(target, vector), unmarked(scaled(source, dimensions), vector));
      assert.deepEqual(configurationDifference(source, target, { vector }), []);
      await qdrant.deleteCollection("target");
    }
  });
}

/** The source with its limit in bytes as it should be in the target: these collections have one vector. */
function scaled(source: CollectionInfo, dimensions: number): CollectionInfo {
  const copy = JSON.parse(JSON.stringify(source));
  const strict = copy.config.strict_mode_config;
  const bytes = strict?.max_collection_vector_size_bytes;
  if (typeof bytes === "number")
    strict.max_collection_vector_size_bytes = Math.ceil((bytes * 768) / dimensions);
  return copy;
}
