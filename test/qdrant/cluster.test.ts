// Collections with shard keys, through the real client, on a cluster's stand-in that is held to a real cluster's answers.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { PointId } from "../../src/migration/ids.ts";
import type { Qdrant } from "../../src/migration/ports.ts";
import { openQdrant } from "../../src/qdrant/client.ts";
import { type Exchange, replay } from "../local/qdrant/replay.ts";
import { startCluster } from "../support/cluster.ts";
import { readAll } from "../support/memories.ts";
import { sharedPath } from "../support/shared.ts";

// Custom sharding, from the collection's creation to the end of a key. Not stood in for: several keys in one request
// (27), segments and fallback keys (29, 30).
const RECORDED = [16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 28, 31];
const recordings = sharedPath("qdrant-recordings", "13-cluster.json");

test("the stand-in answers as the cluster did that was recorded", {
  skip: recordings === null && "SKIPPED: no ../shared/qdrant-recordings",
}, async () => {
  const { exchanges }: { exchanges: readonly Exchange[] } = JSON.parse(
    readFileSync(recordings ?? "", "utf8"),
  );
  await using cluster = await startCluster();

  for (const n of RECORDED) {
    const exchange = exchanges.find((one) => one.n === n) ?? assert.fail(`no exchange ${n}`);
    assert.deepEqual(await replay(cluster.url, exchange), { kind: "same" }, `${n}: ${exchange.label}`);
  }
});

const open = (url: string) => openQdrant({ url, apiKey: async () => null });
const point = (id: PointId, text: string) => ({ id, payload: `{"content":"${text}"}`, vectors: "[1,0]" });
const A = '"tenant/a"';

async function withTwoKeys(qdrant: Qdrant): Promise<void> {
  const body = { vectors: { size: 2, distance: "Dot" }, sharding_method: "custom" };
  await qdrant.createCollection("c", body);
  await qdrant.createShardKey("c", { key: A, shards: 2, replicas: 1 });
  await qdrant.createShardKey("c", { key: "7", shards: 1, replicas: 1 });
  await qdrant.createShardKey("c", { key: "7", shards: 1, replicas: 1 });
  await qdrant.upsert("c", [point(`${A}/1`, "a1"), point("7/1", "seven1"), point("7/2", "seven2")]);
}

test("keys are listed in the order of point ids, with their shards", async () => {
  await using cluster = await startCluster();
  const qdrant = open(cluster.url);
  await withTwoKeys(qdrant);

  assert.deepEqual(await qdrant.shardKeys("c"), [
    { key: A, shards: 2, replicas: 1 },
    { key: "7", shards: 1, replicas: 1 },
  ]);
});

test("one id under two keys is two points, whatever the size of a page", async () => {
  await using cluster = await startCluster();
  const qdrant = open(cluster.url);
  await withTwoKeys(qdrant);

  for (const size of [1, 2, 3, 4]) {
    const found: string[] = [];
    for (let from: PointId | null = null; ; ) {
      const page: Awaited<ReturnType<Qdrant["scroll"]>> = await qdrant.scroll("c", from, size, {});
      assert.ok(page.points.length <= size);
      found.push(...page.points.map(({ id, payload }) => `${id} ${payload}`));
      if (page.next === null) break;
      from = page.next;
    }
    assert.deepEqual(found, [
      `${A}/1 {"content":"a1"}`,
      '7/1 {"content":"seven1"}',
      '7/2 {"content":"seven2"}',
    ]);
  }
  const ids = await qdrant.sampleIds("c", 10);
  assert.deepEqual([...ids].sort(), [`${A}/1`, "7/1", "7/2"]);
  const hits = await qdrant.search("c", Float32Array.of(1, 0), 3);
  assert.deepEqual(hits.map(({ id }) => id).sort(), [`${A}/1`, "7/1", "7/2"]);
  assert.equal(await qdrant.count("c"), 3);
});

test("reads, patches and deletions reach the point of that key alone; a key that is not there holds none", async () => {
  await using cluster = await startCluster();
  const qdrant = open(cluster.url);
  await withTwoKeys(qdrant);

  const read = await qdrant.retrieve("c", ["7/1", `${A}/1`, `${A}/2`, '"nobody"/1'], { vectors: true });
  assert.deepEqual(read.map(({ id }) => id).sort(), [`${A}/1`, "7/1"]);
  await qdrant.updateVectors("c", [{ id: "7/1", vectors: "[0,1]" }]);
  await qdrant.delete("c", ["7/2", '"nobody"/2']);
  const left = (await readAll(qdrant, "c", true)).map(({ id, vectors }) => `${id} ${vectors}`);
  assert.deepEqual(left, [`${A}/1 [1,0]`.replace("[1,0]", "[1.0,0.0]"), "7/1 [0.0,1.0]"]);
});

test("a key that a write needs is made only where that is asked for", async () => {
  await using cluster = await startCluster();
  const qdrant = open(cluster.url);
  await withTwoKeys(qdrant);
  const late = [point('"late"/1', "first of its key")];

  await assert.rejects(qdrant.upsert("c", late), {
    name: "PermanentError",
    message: /Shard key .*late.* not found/,
  });
  await qdrant.upsert("c", late, { makesShardKeys: true });

  assert.equal((await readAll(qdrant, "c")).length, 4);
  assert.equal((await qdrant.shardKeys("c")).length, 3);
});
