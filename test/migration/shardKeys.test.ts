// Collections with shard keys, on the story's fake Qdrant: kills before every call, keys that come and go, live events.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type PointId, placed, placeOf } from "../../src/migration/ids.ts";
import { killedAtEveryCall } from "../support/kills.ts";
import { StoryMachine } from "../support/machine.ts";

const A = '"a/b"';
const KEYS = [A, "7"];
const MIGRATE = { action: "migrate", collection: "chat", sourceModel: "old", pageSizePoints: 3 };
const CUTOVER = { action: "cutover", collection: "chat" };

async function sharded(): Promise<StoryMachine> {
  const machine = new StoryMachine();
  const { qdrant } = machine;
  await qdrant.createCollection("chat_4d", {
    vectors: { size: 4, distance: "Cosine" },
    sharding_method: "custom",
  });
  for (const key of KEYS) {
    await qdrant.createShardKey("chat_4d", { key, shards: 1, replicas: 1 });
    for (let id = 1; id <= 10; id++) await write(machine, `${key}/${id}`, `number ${id} of ${key}`);
  }
  await qdrant.changeAliases([{ create_alias: { collection_name: "chat_4d", alias_name: "chat" } }]);
  return machine;
}

async function write(machine: StoryMachine, id: PointId, content: string): Promise<void> {
  const [made] = await (await machine.models.open("old")).embed([content], "passage");
  assert.ok(made?.ok);
  machine.qdrant.put("chat_4d", id, { content }, JSON.stringify([...made.vector]));
}

const payloads = (machine: StoryMachine, collection: string) =>
  machine.qdrant
    .points(collection)
    .sortedIds()
    .map((id) => [id, machine.qdrant.points(collection).get(id)?.payload]);

function assertEqualSides(machine: StoryMachine): void {
  assert.deepEqual(payloads(machine, "chat_8d"), payloads(machine, "chat_4d"));
  for (const { vectors } of machine.qdrant.points("chat_8d").values())
    assert.equal(JSON.parse(vectors ?? "[]").length, 8);
}

test("killed before any call of a function, started again: every point lies under its own key", () =>
  killedAtEveryCall(
    sharded,
    async (machine) => {
      await machine.run(MIGRATE);
      await machine.run(CUTOVER);
    },
    async (machine, when) => {
      await machine.run(MIGRATE);
      await machine.run(CUTOVER);

      assert.equal(machine.qdrant.names.get("chat"), "chat_8d", when);
      assertEqualSides(machine);
    },
  ));

test("a tenant that was dropped with its key is dropped on the other side", async () => {
  const machine = await sharded();
  await machine.run(MIGRATE);
  machine.qdrant.shards.set("chat_4d", [{ key: "7", shards: 1, replicas: 1 }]);
  for (const id of machine.qdrant.points("chat_4d").sortedIds())
    if (placeOf(id).shard === A) machine.qdrant.points("chat_4d").delete(id);

  const ended = await machine.run(CUTOVER);

  assert.equal(ended.outcomes[0]?.status, "DONE", ended.cause);
  assertEqualSides(machine);
  assert.equal(machine.qdrant.points("chat_8d").size, 10);
});

test("a key without points is there after the swap, and one that comes up later goes back with a rollback", async () => {
  const machine = await sharded();
  await machine.run(MIGRATE);
  await machine.qdrant.createShardKey("chat_4d", { key: '"empty"', shards: 2, replicas: 3 });
  await machine.run(CUTOVER);
  assert.deepEqual((await machine.qdrant.shardKeys("chat_8d")).at(1), {
    key: '"empty"',
    shards: 2,
    replicas: 3,
  });

  await machine.qdrant.createShardKey("chat_8d", { key: '"later"', shards: 1, replicas: 1 });
  const event = { v: 1, op: "put", collection: "chat", shardKey: "later" };
  await machine.live([{ ...event, points: [{ id: 1, payload: { content: "after the swap" } }] }]);
  await machine.run({ action: "rollback", collection: "chat" });

  assert.equal(machine.qdrant.names.get("chat"), "chat_4d");
  assert.deepEqual(payloads(machine, "chat_4d"), payloads(machine, "chat_8d"));
  assert.ok(machine.qdrant.points("chat_4d").has('"later"/1'));
});

test("a touch without a key looks under every one; a put or delete must say which", async () => {
  const machine = await sharded();
  await machine.run(MIGRATE);
  for (const shard of KEYS) await write(machine, placed({ shard, id: "3" }), `new text of ${shard}`);

  await machine.live([{ v: 1, op: "touch", collection: "chat", ids: [3] }]);

  assertEqualSides(machine);
  const refused = await machine.live([
    { v: 1, op: "delete", collection: "chat", ids: [3] },
    { v: 1, op: "put", collection: "chat", points: [{ id: 3, payload: {} }] },
  ]);
  assert.equal(refused.length, 2);
  assert.match(machine.log.at(-1) ?? "", /must name its shardKey/);
  await machine.live([{ v: 1, op: "delete", collection: "chat", shardKey: 7, ids: [3] }]);
  assertEqualSides(machine);
  assert.ok(machine.qdrant.points("chat_8d").has(`${A}/3`));
  assert.ok(!machine.qdrant.points("chat_8d").has("7/3"));
});
