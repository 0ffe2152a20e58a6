// What a collection is, carried to another one on a server: every setting and index the recordings create.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
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

const KEYWORDS = { type: "keyword", is_tenant: true } as const;

/** A collection of our own, and those of the recordings where they are here, by name. */
function makings(): ReadonlyMap<string, Making> {
  const own: Making = {
    create: {
      vectors: { size: 384, distance: "Cosine", on_disk: true, hnsw_config: { m: 24 } },
      sparse_vectors: { words: { modifier: "idf" } },
      optimizers_config: { indexing_threshold: 30_000, max_segment_size: 50_000 },
      quantization_config: { scalar: { type: "int8", quantile: 0.99 } },
      strict_mode_config: { enabled: true, upsert_max_batchsize: 50 },
      metadata: { owner: "me" },
    },
    patches: [{ params: { read_fan_out_factor: 2 } }],
    indexes: [
      { field_name: "user", field_schema: KEYWORDS },
      { field_name: "meta.at", field_schema: "datetime" },
    ],
  };
  const found = new Map([["our own", own]]);
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

for (const [name, making] of makings()) {
  test(`a server shows the same for both collections but the size: ${name}`, async (context) => {
    await using server = await startQdrant({ port: 0 });
    const qdrant = openQdrant({ url: server.url, apiKey: async () => null });
    const source = await make(qdrant, making);
    const usable = denseVectors(source).filter(({ isMulti, datatype }) => !isMulti && datatype !== "uint8");
    if (usable.length === 0 || JSON.stringify(source.config).includes('"custom"'))
      return context.skip("nothing to embed again, or refused: see test/migration/configuration.test.ts");

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
