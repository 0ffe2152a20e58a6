import assert from "node:assert/strict";
import { test } from "node:test";
import { type ForecastBasis, makeForecast } from "../../src/migration/forecast.ts";
import type { JsonObject } from "../../src/migration/ports.ts";
import type { Sample } from "../../src/migration/sample.ts";
import { serverSpace, spaceText } from "../../src/migration/serverSpace.ts";

const MIB = 2 ** 20;

/** 48 texts of 60 tokens, 143 ms each on one vCPU, as docs/scale.md counts them. */
const SAMPLE = {
  points: 256,
  withText: 256,
  texts: 48,
  tokens: 48 * 60,
  ms: 48 * 142,
  payloadBytes: 0,
  otherBytes: 0,
} as unknown as Sample;

const basis = (changes: Partial<ForecastBasis> = {}): ForecastBasis => ({
  points: 1_000_000,
  pageSizePoints: 64,
  concurrency: 20,
  numbersPerPoint: 768,
  create: { vectors: { size: 768, distance: "Cosine" } },
  newVector: "",
  ...changes,
});

/** Points without payload, so that only what the configuration says is counted. */
const spaceOf = (create: JsonObject, changes: object = {}) =>
  serverSpace(create, {
    points: 1000,
    embedded: 1000,
    newVector: "",
    payloadBytes: 0,
    otherBytes: 0,
    ...changes,
  });

const partsOf = (create: JsonObject, changes: object = {}) =>
  Object.fromEntries(
    spaceOf(create, changes).parts.map(({ name, mib, isInMemory }) => [
      name,
      [Math.round(mib * MIB), isInMemory],
    ]),
  );

test("a million memories cost what docs/scale.md counts, part by part", () => {
  const { costs = [], dollars } = makeForecast(SAMPLE, basis());
  const high = Object.fromEntries(costs.map((cost) => [cost.name, Number(cost.high.toFixed(2))]));
  // The embedders' high end is 1.8 times 143,000 s.
  assert.deepEqual(high, {
    "Lambda, embedders": 7.41,
    "Lambda, everything else": 0.05,
    "Queue (SQS)": 0.02,
    "Ledger (S3)": 0.19,
    "Workflow (Step Functions)": 0.01,
    "Traffic to Qdrant, over the internet": 0.86,
  });
  assert.equal(costs.find(({ name }) => name.startsWith("Traffic"))?.low, 0);
  const sum = costs.reduce((total, cost) => total + cost.high, 0);
  assert.ok(Math.abs(dollars.high - sum) < 1e-9);
});

test("vectors in memory follow the server's rule, and so do wider ones", () => {
  const { memoryMiB } = spaceOf({ vectors: { size: 768, distance: "Cosine" }, hnsw_config: { m: 0 } });
  const vectors = (1000 * 768 * 4 + 1000 * 40) / MIB;
  assert.ok(Math.abs(memoryMiB.low - vectors) < 1e-9);
  assert.ok(Math.abs(memoryMiB.high - 1.5 * vectors) < 1e-9);
});

test("numbers of two bytes or one are counted as that", () => {
  const bytes = (datatype: string) => partsOf({ vectors: { size: 100, datatype } }).vectors?.[0];
  assert.deepEqual([bytes("float32"), bytes("float16"), bytes("uint8")], [400_000, 200_000, 100_000]);
});

test("what lies on disk asks for no memory, but quantized copies that are kept there do", () => {
  const parts = partsOf({
    vectors: { size: 128, on_disk: true },
    hnsw_config: { m: 8, on_disk: true },
    quantization_config: { scalar: { type: "int8", always_ram: true } },
  });
  assert.deepEqual(parts, {
    vectors: [512_000, false],
    "quantized vectors": [128_000, true],
    graph: [64_000, false],
    "ids and versions": [40_000, true],
  });
});

test("where a part says where it is kept, that decides", () => {
  const parts = partsOf(
    {
      vectors: { size: 128, memory: "cold" },
      hnsw_config: { m: 8, memory: "cached", on_disk: true },
      quantization_config: { scalar: { type: "int8", memory: "pinned" } },
      payload: { memory: "cached" },
    },
    { payloadBytes: 100 },
  );
  assert.deepEqual(parts, {
    vectors: [512_000, false],
    "quantized vectors": [128_000, true],
    payloads: [100_000, true],
    graph: [64_000, true],
    "ids and versions": [40_000, true],
  });
});

test("each kind of quantization has its own share", () => {
  const bytes = (quantization_config: JsonObject) =>
    partsOf({ vectors: { size: 256 }, quantization_config })["quantized vectors"]?.[0];
  assert.equal(bytes({ scalar: { type: "int8" } }), 256_000);
  assert.equal(bytes({ product: { compression: "x16" } }), 64_000);
  assert.equal(bytes({ binary: {} }), 32_000);
  assert.equal(bytes({ binary: { encoding: "two_bits" } }), 64_000);
  assert.equal(bytes({ turbo: { bits: "bits4" } }), 128_000);
});

test("a vector's own settings go before the collection's", () => {
  const parts = partsOf(
    {
      vectors: {
        "": { size: 10 },
        image: { size: 20, hnsw_config: { m: 4 }, quantization_config: { scalar: { type: "int8" } } },
        late: { size: 8, multivector_config: { comparator: "max_sim" } },
      },
      hnsw_config: { m: 32 },
    },
    { embedded: 500, otherBytes: 12 },
  );
  // Only half of the points have text and so a new vector; the carried one is counted for all.
  assert.deepEqual(parts, {
    vectors: [20_000, true],
    graph: [128_000, true],
    'vectors "image"': [80_000, true],
    'quantized vectors "image"': [20_000, true],
    'graph "image"': [32_000, true],
    "sparse vectors and multivectors": [12_000, true],
    "ids and versions": [40_000, true],
  });
});

test("replicas and shards count, the log once a shard at least", () => {
  const create = { vectors: { size: 768 }, wal_config: { wal_capacity_mb: 64 } };
  const [one, many] = [spaceOf(create), spaceOf({ ...create, shard_number: 3, replication_factor: 2 })];
  assert.ok(Math.abs(many.memoryMiB.high - 2 * one.memoryMiB.high) < 1e-9);
  assert.ok(Math.abs(many.diskMiB.low - 2 * (one.diskMiB.low - 64 + 3 * 64)) < 1e-9);
});

test("payloads are on disk, unless the collection keeps them in memory", () => {
  const isInMemory = (on_disk_payload: boolean) =>
    partsOf({ vectors: { size: 4 }, on_disk_payload }, { payloadBytes: 500 }).payloads;
  assert.deepEqual(
    [isInMemory(true), isInMemory(false)],
    [
      [500_000, false],
      [500_000, true],
    ],
  );
});

test("the sentence gives both ranges in whole MiB", () => {
  const space = { memoryMiB: { low: 1.2, high: 3.4 }, diskMiB: { low: 33.1, high: 33.2 }, parts: [] };
  assert.equal(spaceText(space), "Qdrant needs 2 to 4 MiB more memory and 34 MiB more disk until cleanup");
});
