// A collection with shard keys from plan to rollback, by the command line: the same ids under several keys, live events,
// and a key that comes up on the way.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openModels } from "../../src/embedding/open.ts";
import type { PointId } from "../../src/migration/ids.ts";
import type { PointWrite, Qdrant } from "../../src/migration/ports.ts";
import { openQdrant } from "../../src/qdrant/client.ts";
import { encodeVector } from "../../src/qdrant/wire.ts";
import { startCluster } from "../support/cluster.ts";
import { newFolder, remaster } from "../support/commandLine.ts";
import { readAll } from "../support/memories.ts";

const TENANTS = ['"tenant/a"', '"tenant b"', "7"];
const POINTS_EACH = 120;
const models = openModels({ modelDir: null, defaultModel: "static-384-8k", dimensions: null, threads: 1 });

async function memory(id: PointId, content: string): Promise<PointWrite> {
  const embedder = await models.open(null);
  const [made] = await embedder.embed([content], "passage");
  assert.ok(made?.ok);
  return { id, payload: JSON.stringify({ content }), vectors: encodeVector(made.vector) };
}

async function load(qdrant: Qdrant): Promise<void> {
  await qdrant.createCollection("mem_384d", {
    vectors: { size: 384, distance: "Cosine" },
    sharding_method: "custom",
  });
  for (const [index, key] of TENANTS.entries()) {
    await qdrant.createShardKey("mem_384d", { key, shards: index + 1, replicas: 1 });
    const points = Array.from({ length: POINTS_EACH }, (_, id) =>
      memory(`${key}/${id}`, `what tenant ${index} said about the weather on day ${id}`),
    );
    await qdrant.upsert("mem_384d", await Promise.all(points));
  }
  await qdrant.changeAliases([{ create_alias: { collection_name: "mem_384d", alias_name: "mem" } }]);
}

const payloads = async (qdrant: Qdrant, collection: string) =>
  (await readAll(qdrant, collection)).map(({ id, payload }) => ({ id, payload }));

async function assertEqualSides(qdrant: Qdrant, count: number): Promise<void> {
  const [old, made] = [await payloads(qdrant, "mem_384d"), await payloads(qdrant, "mem_768d")];
  assert.equal(old.length, count);
  assert.deepEqual(made, old);
  assert.deepEqual(await qdrant.shardKeys("mem_768d"), await qdrant.shardKeys("mem_384d"));
}

test("every point goes over within its shard key, and back", async () => {
  await using cluster = await startCluster();
  const qdrant = openQdrant({ url: cluster.url, apiKey: async () => null });
  await load(qdrant);
  const cwd = newFolder();
  const one = ["--collection", "mem", "--url", cluster.url];
  const run = async (verb: string, ...more: string[]) => {
    const ended = await remaster([verb, ...one, ...more, "--json"], { cwd });
    assert.equal(ended.code, 0, ended.err);
    return ended;
  };
  const tell = (...events: object[]) =>
    remaster(["events", ...one], {
      cwd,
      input: `${events.map((event) => JSON.stringify({ v: 1, ...event })).join("\n")}\n`,
    });

  const plan = await run("plan", "--source-model", "static-384-8k");
  assert.match(plan.err, /has shard keys: they are made in the new one/);
  const migrated = await run("migrate", "--source-model", "static-384-8k", "--batch-size", "32");
  assert.deepEqual(migrated.json?.tally, {
    total: 360,
    migrated: 360,
    unchanged: 0,
    skipped: 0,
    failed: 0,
  });
  await assertEqualSides(qdrant, 360);

  // A direct write that is touched without its key, a put and a delete that name theirs.
  await qdrant.upsert("mem_384d", [await memory("7/5", "corrected by hand")]);
  const told = await tell(
    { op: "touch", ids: [5] },
    { op: "put", shardKey: "tenant b", points: [{ id: 9, payload: { content: "put anew" } }] },
    { op: "delete", shardKey: 7, ids: [11] },
  );
  assert.equal(told.code, 0, told.err);
  assert.match(told.out, /3 events applied, 0 not applied/);
  await assertEqualSides(qdrant, 359);
  const found = new Map((await payloads(qdrant, "mem_768d")).map(({ id, payload }) => [id, payload]));
  assert.equal(found.get("7/5"), '{"content":"corrected by hand"}');
  assert.equal(found.get('"tenant b"/9'), '{"content":"put anew"}');
  assert.match(found.get('"tenant/a"/9') ?? "", /tenant 0 .* day 9/);
  const untold = await tell({ op: "put", points: [{ id: 9, payload: { content: "whose?" } }] });
  assert.notEqual(untold.code, 0);
  assert.match(untold.err, /a put event must name its shardKey/);

  // A tenant that comes up before the swap, and one whose key has no points yet.
  await qdrant.createShardKey("mem_384d", { key: '"late"', shards: 1, replicas: 1 });
  await qdrant.createShardKey("mem_384d", { key: '"empty"', shards: 1, replicas: 1 });
  await qdrant.upsert("mem_384d", [await memory('"late"/1', "hello, I am new")]);
  await run("cutover");
  await assertEqualSides(qdrant, 360);
  const words = await remaster(["query", ...one, "--text", "hello, I am new", "--limit", "1", "--json"], {
    cwd,
  });
  assert.match(JSON.stringify(words.json), /"id":1,"shard_key":"late"/);

  const after = await tell({
    op: "put",
    shardKey: "late",
    points: [{ id: 2, payload: { content: "after" } }],
  });
  assert.equal(after.code, 0, after.err);
  await assertEqualSides(qdrant, 361);
  await run("rollback");
  await run("verify");
  await assertEqualSides(qdrant, 361);
});
