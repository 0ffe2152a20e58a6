import assert from "node:assert/strict";
import { test } from "node:test";
import { targetConfiguration } from "../../src/migration/configuration.ts";
import { configurationDifference } from "../../src/migration/configurationDifference.ts";
import { metadataOf } from "../../src/migration/metadata.ts";
import type { CollectionInfo, Json, JsonObject } from "../../src/migration/ports.ts";
import { denseVectors } from "../../src/migration/schema.ts";
import { asServerShows, FULL, PLAIN, recordedCollections } from "../support/collections.ts";

const MARK = { remaster: { v: 1 } };

const configurationOf = (info: CollectionInfo, vector: string | null, dimensions = 768) =>
  targetConfiguration(info, { vector, dimensions, metadata: { ...metadataOf(info), ...MARK } });

const withConfig = (info: CollectionInfo, change: JsonObject): CollectionInfo => ({
  ...info,
  config: { ...info.config, ...change },
});

const recorded = recordedCollections();
if (recorded.size === 0)
  test("recorded collections", { skip: "SKIPPED: ../shared/qdrant-recordings is not here" }, () => {});

for (const [name, info] of [["every setting", FULL] as const, ["plain", PLAIN] as const, ...recorded]) {
  const isCustom = JSON.stringify(info.config).includes('"sharding_method":"custom"');
  const dense = denseVectors(info).filter(({ isMulti, datatype }) => !isMulti && datatype !== "uint8");
  for (const vector of isCustom ? [] : dense) {
    test(`carries all of ${name}, vector ${JSON.stringify(vector.name)}, but its size`, () => {
      const configuration = configurationOf(info, vector.name);
      const target = asServerShows(configuration);

      assert.deepEqual(configurationDifference(info, target, { vector: vector.name }), []);
      assert.deepEqual(configuration.cannotCarry, []);
      const sized = denseVectors(target).find((one) => one.name === vector.name);
      assert.equal(sized?.dimensions, 768);
    });
  }
}

/** Paths and values of everything that is set. */
function leavesOf(value: Json | undefined, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return value === null || value === undefined ? [] : [path];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
}

function without(value: Json, [key = "", ...rest]: readonly string[]): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const { [key]: inner = null, ...others } = value as JsonObject;
  return rest.length === 0 ? others : { ...others, [key]: without(inner, rest) };
}

test("any single setting that is lost on the way is named", () => {
  const target = asServerShows(configurationOf(FULL, "dense"));
  const leaves = leavesOf(target.config).filter(
    (path) => !path.includes("remaster") && path.join(".") !== "params.vectors.dense.size",
  );
  assert.ok(leaves.length > 40);

  for (const path of leaves) {
    const config = without(target.config, path);
    const lost: CollectionInfo = { ...target, config: config as JsonObject };
    const paths = configurationDifference(FULL, lost, { vector: "dense" }).map((one) => one.path);
    assert.deepEqual(paths, [path.join(".")]);
  }
});

test("a lost payload index and one of another kind are named", () => {
  const target = asServerShows(configurationOf(FULL, "dense"));
  const { user, ...others } = target.payloadSchema;
  assert.ok(user);
  const changed = { ...target, payloadSchema: { ...others, "meta.at": { data_type: "keyword", points: 0 } } };

  const paths = configurationDifference(FULL, changed, { vector: "dense" }).map(({ path }) => path);

  assert.ok(paths.some((path) => path.startsWith("payload_schema.user")));
  assert.ok(paths.includes("payload_schema.meta.at"));
});

test("what create does not take comes by PATCH, strict mode last and off until then", () => {
  const { create, after } = configurationOf(FULL, "dense");

  assert.deepEqual(create.strict_mode_config, { enabled: false });
  assert.equal(create.read_fan_out_factor, undefined);
  assert.deepEqual(after, [
    { params: { read_fan_out_factor: 3, read_fan_out_delay_ms: 40 } },
    {
      strict_mode_config: {
        enabled: true,
        max_query_limit: 1000,
        // Sparse vectors and multivectors of unknown size: the whole ratio of 768 to 384.
        max_collection_vector_size_bytes: 2000,
      },
    },
  ]);
});

test("a source without strict mode gives none; one that is off on the target is no difference", () => {
  const { create, after } = configurationOf(PLAIN, null);
  assert.equal(create.strict_mode_config, undefined);
  assert.deepEqual(after, []);

  const target = asServerShows(configurationOf(PLAIN, null));
  const off = withConfig(target, { strict_mode_config: { enabled: false, max_payload_index_count: 100 } });
  const on = withConfig(target, { strict_mode_config: { enabled: true, max_payload_index_count: 100 } });
  assert.deepEqual(configurationDifference(PLAIN, off, { vector: "" }), []);
  assert.equal(configurationDifference(PLAIN, on, { vector: "" }).length, 2);
});

const LIMITS: readonly (readonly [string, JsonObject, string, number, number])[] = [
  ["one vector that doubles", { size: 384, distance: "Dot" }, "", 768, 2000],
  ["one vector that halves", { size: 384, distance: "Dot" }, "", 192, 500],
  [
    "one of two that halves",
    { a: { size: 400, distance: "Dot" }, b: { size: 400, distance: "Dot" } },
    "a",
    200,
    750,
  ],
  [
    "one of two beside half-size numbers",
    { a: { size: 100, distance: "Dot" }, b: { size: 200, distance: "Dot", datatype: "float16" } },
    "a",
    300,
    2000,
  ],
];

for (const [name, vectors, vector, dimensions, bytes] of LIMITS) {
  test(`the limit in bytes grows and shrinks with the vectors: ${name}`, () => {
    const source = withConfig(PLAIN, {
      params: { vectors },
      strict_mode_config: { enabled: true, max_collection_vector_size_bytes: 1000 },
    });

    const { after } = configurationOf(source, vector, dimensions);

    assert.deepEqual(after, [
      { strict_mode_config: { enabled: true, max_collection_vector_size_bytes: bytes } },
    ]);
  });
}

const DOUBTFUL: readonly (readonly [string, JsonObject, number, RegExp | null])[] = [
  ["binary quantization at 768", { quantization_config: { binary: {} } }, 768, /Binary quantization/],
  ["binary quantization at 1024", { quantization_config: { binary: {} } }, 1024, null],
  ["product quantization", { quantization_config: { product: { compression: "x16" } } }, 768, /Product/],
  ["scalar quantization", { quantization_config: { scalar: { type: "int8" } } }, 768, null],
  ["a distance with a length", { params: { vectors: { size: 3, distance: "Euclid" } } }, 768, /Euclid/],
  [
    "a vector's own quantization, which replaces the collection's",
    {
      quantization_config: { binary: {} },
      params: {
        vectors: { size: 3, distance: "Dot", quantization_config: { scalar: { type: "int8" } } },
      },
    },
    768,
    null,
  ],
];

for (const [name, change, dimensions, warning] of DOUBTFUL) {
  test(`${warning === null ? "does not warn of" : "warns of"} ${name}`, () => {
    const { warnings } = configurationOf(withConfig(PLAIN, change), null, dimensions);

    if (warning === null) assert.deepEqual(warnings, []);
    else assert.match(warnings.join("\n"), warning);
  });
}

const REFUSED: readonly (readonly [string, CollectionInfo, string | null, RegExp])[] = [
  ["no choice among several vectors", FULL, null, /several vectors: "dense", "man", "multi", "bytes"/],
  ["a vector that is not there", FULL, "nope", /no vector "nope"; it has "dense"/],
  ["a multivector", FULL, "multi", /multivector/],
  ["a vector stored as bytes", FULL, "bytes", /uint8/],
  [
    "a vector that the server gives back only roughly",
    withConfig(PLAIN, { params: { vectors: { size: 3, distance: "Cosine", datatype: "turbo4" } } }),
    null,
    /turbo4 \(4 bits a number\).*Nothing was changed/,
  ],
  [
    "a collection without dense vectors",
    withConfig(PLAIN, { params: { sparse_vectors: { s: {} } } }),
    null,
    /no dense vector/,
  ],
];

for (const [name, info, vector, message] of REFUSED) {
  test(`refuses ${name}`, () => {
    assert.throws(() => configurationOf(info, vector), { name: "RefusedError", message });
  });
}

test("custom sharding is carried, and the plan says what it asks of events", () => {
  const source = withConfig(PLAIN, {
    params: { sharding_method: "custom", shard_number: 2, vectors: { size: 3, distance: "Dot" } },
  });
  const { create, warnings } = configurationOf(source, null);

  assert.deepEqual([create.sharding_method, create.shard_number], ["custom", 2]);
  assert.match(warnings.join(), /shard keys.*must name their shardKey/);
});

test("settings and indexes of a newer server are named as not carried", () => {
  const source: CollectionInfo = {
    ...withConfig(PLAIN, {
      new_config: { on: true },
      params: { vectors: { size: 3, distance: "Dot" }, new_param: 1 },
    }),
    payloadSchema: { soul: { data_type: "colour", points: 0 } },
  };

  const { cannotCarry, payloadIndexes } = configurationOf(source, null);

  assert.deepEqual(cannotCarry, ["setting new_config", "setting params.new_param", "payload index of soul"]);
  assert.deepEqual(payloadIndexes, []);
});
