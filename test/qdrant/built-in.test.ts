// The adapter against the built-in Qdrant: what the recorded answers of other tests cannot show, one after another.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startQdrant } from "../../local/qdrant/server.ts";
import { targetConfiguration } from "../../src/migration/configuration.ts";
import { metadataOf } from "../../src/migration/metadata.ts";
import { keepSpelling } from "../../src/migration/number.ts";
import type { Qdrant } from "../../src/migration/ports.ts";
import { encodeStored, parseStored } from "../../src/migration/stored.ts";
import { openQdrant } from "../../src/qdrant/client.ts";
import { encodeVector } from "../../src/qdrant/wire.ts";

async function withQdrant(use: (qdrant: Qdrant) => Promise<void>): Promise<void> {
  await using server = await startQdrant({ port: 0 });
  await use(openQdrant({ url: server.url, apiKey: async () => null }));
}

const SMALL = { vectors: { size: 2, distance: "Cosine" } } as const;
const UUID = "550e8400-e29b-41d4-a716-446655440000";

test("names: collections, aliases, settings and indexes come and go", () =>
  withQdrant(async (qdrant) => {
    assert.match(await qdrant.version(), /^1\./);
    assert.equal(await qdrant.collection("memories"), null);

    await qdrant.createCollection("memories", { ...SMALL, metadata: { owner: "me" } });
    await qdrant.updateCollection("memories", { optimizers_config: { indexing_threshold: 0 } });
    await qdrant.createPayloadIndex("memories", "user", { type: "keyword", is_tenant: true });
    await qdrant.changeAliases([{ create_alias: { collection_name: "memories", alias_name: "live" } }]);

    const info = await qdrant.collection("live");
    assert.deepEqual(info?.config.metadata, { owner: "me" });
    assert.deepEqual(Object.keys(info?.payloadSchema ?? {}), ["user"]);
    assert.deepEqual(await qdrant.collections(), ["memories"]);
    assert.deepEqual(await qdrant.aliases(), [{ alias: "live", collection: "memories" }]);

    await qdrant.deleteCollection("memories");
    await qdrant.deleteCollection("memories");
    assert.deepEqual(await qdrant.collections(), []);
    assert.deepEqual(await qdrant.aliases(), []);
  }));

test("points come back digit by digit, in id order, page by page", () =>
  withQdrant(async (qdrant) => {
    const payload =
      '{"2":"b","1":"a","whole":1.0,"minus":-0.0,"id":18446744073709551615,"__proto__":{"x":null},"e":[]}';
    await qdrant.createCollection("c", SMALL);
    await qdrant.upsert("c", [
      { id: UUID, payload, vectors: encodeVector(Float32Array.of(0.6, 0.8)) },
      { id: "18446744073709551615", payload: "{}", vectors: "{}" },
      { id: "7", payload: '{"content":"text"}', vectors: "[1,0]" },
    ]);

    const first = await qdrant.scroll("c", null, 2, { vectors: true });
    const second = await qdrant.scroll("c", first.next, 2, { vectors: true });

    assert.deepEqual(
      [...first.points, ...second.points].map(({ id }) => id),
      ["7", "18446744073709551615", UUID],
    );
    assert.equal(second.next, null);
    assert.equal(second.points[0]?.payload, payload);
    assert.equal(first.points[1]?.vectors, "{}");
    const [stored] = await qdrant.retrieve("c", [UUID, "8"], { vectors: true });
    assert.deepEqual(Float32Array.from(JSON.parse(stored?.vectors ?? "[]")), Float32Array.of(0.6, 0.8));
  }));

test("counts, samples, searches and deletes", () =>
  withQdrant(async (qdrant) => {
    await qdrant.createCollection("c", { vectors: { "": SMALL.vectors, old: SMALL.vectors } });
    const points = Array.from({ length: 20 }, (_, index) => ({
      id: String(index),
      payload: "{}",
      vectors: `{"":[1,${index}.5],"old":[${index}.5,1]}`,
    }));
    await qdrant.upsert("c", points);

    assert.equal(await qdrant.count("c"), 20);
    const sample = await qdrant.sampleIds("c", 12);
    assert.equal(new Set(sample).size, 12);
    const near = Float32Array.of(1, 0);
    const [unnamed] = await qdrant.search("c", near, 1, { exact: true });
    const [named] = await qdrant.search("c", near, 1, { using: "old", exact: true });
    assert.deepEqual([unnamed?.id, named?.id], ["0", "19"]);
    await qdrant.delete("c", ["0", "1", "999"]);
    assert.equal(await qdrant.count("c"), 18);
  }));

test("keeps within strict mode, and waits out a fence instead of giving up", () =>
  withQdrant(async (qdrant) => {
    const strict = { enabled: true, upsert_max_batchsize: 2, max_query_limit: 3, search_allow_exact: false };
    const points = ["1", "2", "3", "4", "5"].map((id) => ({ id, payload: "{}", vectors: "[1,0]" }));
    await qdrant.createCollection("c", { ...SMALL, strict_mode_config: strict });

    await qdrant.upsert("c", points);
    assert.equal((await qdrant.scroll("c", null, 100)).points.length, 3);
    assert.equal((await qdrant.search("c", Float32Array.of(1, 0), 100, { exact: true })).length, 3);

    await qdrant.updateCollection("c", { strict_mode_config: { upsert_max_batchsize: 0 } });
    await assert.rejects(qdrant.upsert("c", points), {
      name: "TransientError",
      message: /stops every upsert/,
    });
  }));

test("a refusal for good says what and where, and nothing of the point", () =>
  withQdrant(async (qdrant) => {
    await qdrant.createCollection("c", SMALL);

    await assert.rejects(
      qdrant.upsert("c", [{ id: "1", payload: '{"content":"private"}', vectors: "[1,2,3]" }]),
      (error: Error) => {
        assert.equal(error.name, "PermanentError");
        assert.match(error.message, /write 1 points to c.*expected dim: 2, got 3/);
        assert.doesNotMatch(error.message, /private/);
        return true;
      },
    );
  }));

test("metadata keeps every digit through a plan in the ledger", () =>
  withQdrant(async (qdrant) => {
    const text = '{"scale":1.0,"owner":18446744073709551615,"small":-0.0,"list":[1,2.50,{"e":1e3}]}';
    const metadata = JSON.parse(text, keepSpelling);
    await qdrant.createCollection("source", { ...SMALL, metadata });
    const source = await qdrant.collection("source");
    assert.ok(source);
    const plan = {
      v: 1,
      ...targetConfiguration(source, { vector: null, dimensions: 2, metadata: metadataOf(source) }),
    };

    const { create } = parseStored<typeof plan>("plan.json", encodeStored(plan));
    await qdrant.createCollection("target", create);
    const target = await qdrant.collection("target");

    // The server writes a double in one way, whatever way it was given.
    const written = '{"scale":1.0,"owner":18446744073709551615,"small":-0.0,"list":[1,2.5,{"e":1000.0}]}';
    assert.equal(JSON.stringify(target?.config.metadata), written);
    assert.equal(JSON.stringify(source.config.metadata), written);
  }));
