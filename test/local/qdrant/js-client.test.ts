import assert from "node:assert/strict";
import { test } from "node:test";
import { QdrantClient } from "@qdrant/js-client-rest";
import { startQdrant } from "../../../local/qdrant/server.ts";

const uuid = "5c56c793-69f3-4fbf-87e6-c4bf54c28c26";

test("serves the official JavaScript client through the life of a collection", async () => {
  await using server = await startQdrant({ port: 0 });
  const client = new QdrantClient({ url: server.url });

  await client.createCollection("js", { vectors: { size: 3, distance: "Cosine" } });
  await client.createPayloadIndex("js", { field_name: "kind", field_schema: "keyword", wait: true });
  await client.upsert("js", {
    wait: true,
    points: [
      { id: 1, vector: [1, 0, 0], payload: { kind: "a", nested: { n: 1.5 } } },
      { id: 2, vector: [0, 1, 0], payload: { kind: "b" } },
      { id: uuid, vector: [0, 0, 1], payload: { kind: "a" } },
    ],
  });
  await client.setPayload("js", { payload: { seen: true }, points: [1] });
  await client.batchUpdate("js", {
    wait: true,
    operations: [{ delete_payload: { keys: ["kind"], points: [2] } }],
  });

  const page = await client.scroll("js", { limit: 2, with_vector: true });
  const rest = await client.scroll("js", { limit: 2, offset: page.next_page_offset ?? null });
  const nearest = await client.query("js", { query: [1, 0.1, 0], limit: 1, with_payload: true });
  const [, far] = await client.queryBatch("js", {
    searches: [
      { query: 1, limit: 1 },
      { query: [0, 0, 1], limit: 1 },
    ],
  });
  const kinds = await client.count("js", { filter: { must: [{ key: "kind", match: { value: "a" } }] } });

  assert.deepEqual(
    page.points.map(({ id }) => id),
    [1, 2],
  );
  assert.deepEqual(page.points[0]?.payload, { kind: "a", nested: { n: 1.5 }, seen: true });
  assert.deepEqual(
    rest.points.map(({ id }) => id),
    [uuid],
  );
  assert.equal(nearest.points[0]?.id, 1);
  assert.equal(far?.points[0]?.id, uuid);
  assert.equal(kinds.count, 2);
});

test("serves the official JavaScript client's aliases, vectors and configuration", async () => {
  await using server = await startQdrant({ port: 0, apiKey: "key" });
  const client = new QdrantClient({ url: server.url, apiKey: "key" });
  await client.createCollection("named", {
    vectors: {
      a: { size: 2, distance: "Dot" },
      m: { size: 2, distance: "Dot", multivector_config: { comparator: "max_sim" } },
    },
    sparse_vectors: { s: { modifier: "idf" } },
  });
  await client.updateCollection("named", {
    optimizers_config: { indexing_threshold: 5 },
    metadata: { model: "x" },
  });
  await client.updateCollectionAliases({
    actions: [{ create_alias: { collection_name: "named", alias_name: "live" } }],
  });

  await client.upsert("live", {
    wait: true,
    points: [
      {
        id: 1,
        vector: {
          a: [1, 2],
          m: [
            [1, 2],
            [3, 4],
          ],
          s: { indices: [1, 7], values: [0.5, 2] },
        },
      },
    ],
  });
  await client.updateVectors("live", { points: [{ id: 1, vector: { a: [5, 6] } }] });
  const [point] = await client.retrieve("live", { ids: [1], with_vector: true });
  const info = await client.getCollection("live");

  assert.deepEqual(point?.vector, {
    a: [5, 6],
    m: [
      [1, 2],
      [3, 4],
    ],
    s: { indices: [1, 7], values: [0.5, 2] },
  });
  assert.equal(info.config.optimizer_config.indexing_threshold, 5);
  assert.deepEqual((await client.getAliases()).aliases, [{ alias_name: "live", collection_name: "named" }]);
  assert.equal((await client.collectionExists("live")).exists, true);
  await assert.rejects(client.query("live", { query: [1, 2, 3], using: "a" }), { status: 400 });
  await client.deleteCollection("named");
  await assert.rejects(client.getCollection("live"), { status: 404 });
});
