// Vectors of one point, one by one, by the real adapter against the built-in Qdrant: what a bridge rests on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startQdrant } from "../../local/qdrant/server.ts";
import type { Qdrant } from "../../src/migration/ports.ts";
import { denseVectors } from "../../src/migration/schema.ts";
import { vectorNumbers } from "../../src/migration/vector.ts";
import { openQdrant } from "../../src/qdrant/client.ts";

/** Point 1 has the unnamed vector alone, point 2 has both. */
async function withBridge(use: (qdrant: Qdrant) => Promise<void>): Promise<void> {
  await using server = await startQdrant({ port: 0 });
  const qdrant = openQdrant({ url: server.url, apiKey: async () => null });
  const vectors = { "": { size: 2, distance: "Dot" }, new: { size: 3, distance: "Dot" } };
  await qdrant.createCollection("c", { vectors });
  await qdrant.upsert("c", [
    { id: "1", payload: "{}", vectors: "[1,2]" },
    { id: "2", payload: "{}", vectors: '{"":[1,2],"new":[1,2,3]}' },
  ]);
  await use(qdrant);
}

const vectorsOf = async (qdrant: Qdrant) =>
  Object.fromEntries(
    (await qdrant.retrieve("c", ["1", "2"], { vectors: true })).map(({ id, vectors }) => [
      id,
      JSON.parse(vectors ?? "null"),
    ]),
  );

test("a vector is added only where it is missing, and what is there stays", () =>
  withBridge(async (qdrant) => {
    const added = ["1", "2"].map((id) => ({ id, vectors: '{"new":[9,9,9]}' }));
    await qdrant.updateVectors("c", added, { onlyWithout: "new" });

    assert.deepEqual(await vectorsOf(qdrant), {
      1: { "": [1, 2], new: [9, 9, 9] },
      2: { "": [1, 2], new: [1, 2, 3] },
    });
  }));

test("a vector is added only while the text it was made of stands", () =>
  withBridge(async (qdrant) => {
    const kept = { path: ["content"], value: 'the "first"' };
    const gone = { path: ["meta data", "a.b"], value: "second" };
    await qdrant.upsert("c", [
      { id: "3", payload: '{"content":"the \\"first\\""}', vectors: '{"":[1,2]}' },
      { id: "4", payload: '{"meta data":{"a.b":"second"},"content":null}', vectors: '{"":[1,2]}' },
      { id: "5", payload: '{"content":"another"}', vectors: '{"":[1,2]}' },
      { id: "6", payload: "{}", vectors: '{"":[1,2]}' },
    ]);
    const vectors = '{"new":[9,9,9]}';

    await qdrant.updateVectors("c", [
      { id: "3", vectors, onlyWhile: [kept, { ...gone, value: null }] },
      { id: "4", vectors, onlyWhile: [gone, { path: ["content"], value: null }] },
      { id: "5", vectors, onlyWhile: [kept] },
      { id: "6", vectors, onlyWhile: null },
    ]);

    const after = await qdrant.retrieve("c", ["3", "4", "5", "6"], { vectors: ["new"] });
    const written = after.filter((point) => vectorNumbers(point.vectors, "new") !== null).map(({ id }) => id);
    assert.deepEqual(written.sort(), ["3", "4", "6"]);
  }));

test("a search without a name meets the unnamed vector, one with a name the other", () =>
  withBridge(async (qdrant) => {
    const unnamed = await qdrant.search("c", Float32Array.of(1, 2), 5);
    const named = await qdrant.search("c", Float32Array.of(1, 2, 3), 5, { using: "new" });

    assert.deepEqual(unnamed.map(({ id }) => id).sort(), ["1", "2"]);
    assert.deepEqual(
      named.map(({ id, score }) => [id, score]),
      [["2", 14]],
    );
    assert.deepEqual([await qdrant.count("c", ""), await qdrant.count("c", "new")], [2, 1]);
  }));

test("the values of one vector are taken from all points, a named vector from the configuration too", () =>
  withBridge(async (qdrant) => {
    await qdrant.deleteVector("c", "", "all");
    await qdrant.deleteVector("c", "", "all");
    assert.deepEqual([await qdrant.count("c", ""), await qdrant.count("c")], [0, 2]);

    await qdrant.dropVector("c", "new");
    await qdrant.dropVector("c", "new");

    const info = await qdrant.collection("c");
    assert.deepEqual(
      denseVectors(info ?? assert.fail()).map(({ name }) => name),
      [""],
    );
    assert.equal(await qdrant.count("c"), 2);
  }));

test("a point that is gone is a 404, and is not brought back", () =>
  withBridge(async (qdrant) => {
    const written = qdrant.updateVectors("c", [{ id: "77", vectors: '{"":[1,1]}' }]);

    await assert.rejects(written, (error: { fields?: { status?: number } }) => error.fields?.status === 404);
    assert.equal(await qdrant.count("c"), 2);
  }));
