import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Ajv } from "ajv";
import { LIVE_IDS_MAX, parseLiveEvent } from "../../src/migration/liveEvent.ts";
import { vectorNumbers } from "../../src/migration/vector.ts";
import { elementsAt, membersAt } from "../../src/qdrant/slices.ts";
import { parseId } from "../../src/qdrant/wire.ts";
import { fakeVector } from "../support/embedder.ts";
import { machineWithMemories, NEW, OLD, type StoryMachine } from "../support/machine.ts";

const JSON_TEXT = { membersAt, elementsAt, parseId };
const MIGRATE = { action: "migrate", collection: "chat", sourceModel: "old", pageSizePoints: 7 };
const put = (id: number, content: string) => ({
  v: 1,
  op: "put",
  collection: "chat",
  points: [{ id, payload: { content } }],
});
const touch = (...ids: number[]) => ({ v: 1, op: "touch", collection: "chat", ids });

const vectorOf = (machine: StoryMachine, collection: string, id: string) =>
  vectorNumbers(machine.qdrant.points(collection).get(id)?.vectors ?? null, "");

test("a put goes to the side readers see and to the other, before the swap and after it", async () => {
  const machine = await machineWithMemories(10);
  await machine.run(MIGRATE);
  assert.deepEqual(await machine.live([put(100, "before")]), []);
  await machine.run({ action: "cutover", collection: "chat" });
  assert.deepEqual(await machine.live([put(101, "after")]), []);

  for (const [id, content] of [
    ["100", "before"],
    ["101", "after"],
  ] as const) {
    assert.deepEqual(vectorOf(machine, "chat_4d", id), fakeVector(OLD, content));
    assert.deepEqual(vectorOf(machine, "chat_8d", id), fakeVector(NEW, content));
  }
});

test("a touch carries over what the application created, changed and deleted", async () => {
  const machine = await machineWithMemories(10);
  await machine.run(MIGRATE);
  machine.qdrant.put("chat", "3", { content: "changed" });
  machine.qdrant.put("chat", "200", { content: "created" });
  machine.qdrant.points("chat").delete("5");

  await machine.live([touch(3, 200, 5)]);

  assert.deepEqual(vectorOf(machine, "chat_8d", "3"), fakeVector(NEW, "changed"));
  assert.deepEqual(vectorOf(machine, "chat_8d", "200"), fakeVector(NEW, "created"));
  assert.equal(machine.qdrant.points("chat_8d").has("5"), false);
});

test("a delete removes the memory on both sides and a late touch does not bring it back", async () => {
  const machine = await machineWithMemories(10);
  await machine.run({ ...MIGRATE, cutover: "auto" });

  await machine.live([{ v: 1, op: "delete", collection: "chat", ids: [4] }, touch(4)]);

  assert.equal(machine.qdrant.points("chat_4d").has("4"), false);
  assert.equal(machine.qdrant.points("chat_8d").has("4"), false);
});

test("without a migration a put is simply: embed and store this memory", async () => {
  const machine = await machineWithMemories(10);
  await machine.run({ ...MIGRATE, cutover: "auto" });
  await machine.run({ action: "cleanup", collection: "chat", confirm: "chat_4d" });

  await machine.live([put(300, "long after")]);

  assert.deepEqual(vectorOf(machine, "chat", "300"), fakeVector(NEW, "long after"));
});

test("a put into vectors of an unknown model is refused rather than guessed", async () => {
  const machine = await machineWithMemories(10);

  assert.deepEqual(await machine.live([put(1, "which model?")]), ["message-0"]);
  assert.match(machine.log.at(-1) ?? "", /not known which model/);
});

test("between the plan and the load a put is stored by the plan's proven model", async () => {
  const machine = await machineWithMemories(10);
  machine.beforeCall = (name, event) => {
    if (name === "planner" && (event as { op: string }).op === "prepare")
      throw Object.assign(new Error("killed"), { name: "PermanentError" });
  };
  await machine.run(MIGRATE);
  machine.beforeCall = () => {};

  assert.deepEqual(await machine.live([put(350, "early")]), []);

  assert.deepEqual(vectorOf(machine, "chat_4d", "350"), fakeVector(OLD, "early"));
});

test("while a swap holds writes an event waits, and is applied afterwards", async () => {
  const machine = await machineWithMemories(10);
  await machine.run(MIGRATE);
  let waited: readonly string[] = [];
  machine.beforeCall = async (name, event) => {
    if (name !== "swapper" || (event as { op: string }).op !== "swap") return;
    waited = await machine.live([put(400, "in the middle")]);
  };

  await machine.run({ action: "cutover", collection: "chat" });
  machine.beforeCall = () => {};
  assert.deepEqual(waited, ["message-0"]);
  await machine.live([put(400, "in the middle")]);

  assert.deepEqual(vectorOf(machine, "chat_8d", "400"), fakeVector(NEW, "in the middle"));
});

test("a bad message is named and the good ones of its batch go on", async () => {
  const machine = await machineWithMemories(10);
  await machine.run(MIGRATE);

  const failed = await machine.live([{ nonsense: true }, put(500, "good"), { ...touch(1), text: "private" }]);

  assert.deepEqual(failed, ["message-0", "message-2"]);
  assert.equal(machine.qdrant.points("chat_8d").has("500"), true);
  assert.doesNotMatch(machine.log.join("\n"), /private|good/);
});

const schema = JSON.parse(
  readFileSync(join(import.meta.dirname, "..", "..", "docs", "schemas", "live-event.json"), "utf8"),
);

const EVENTS: readonly (readonly [string, object, boolean])[] = [
  ["a touch", touch(1, 2), true],
  ["a touch of a UUID", { ...touch(), ids: ["550e8400-e29b-41d4-a716-446655440000"] }, true],
  ["a big id in quotes", { ...touch(), ids: ["18446744073709551615"] }, true],
  ["a put", put(1, "text"), true],
  ["a delete", { v: 1, op: "delete", collection: "chat", ids: [1] }, true],
  ["a shard key", { ...touch(1), shardKey: "tenant a" }, true],
  ["a shard key that is a number", { ...put(1, "text"), shardKey: 7 }, true],
  ["a shard key without a letter", { ...touch(1), shardKey: "" }, false],
  ["a shard key below zero", { ...touch(1), shardKey: -7 }, false],
  ["several shard keys", { ...touch(1), shardKey: ["a", "b"] }, false],
  ["no ids", { ...touch(), ids: [] }, false],
  ["too many ids", { ...touch(), ids: Array.from({ length: LIVE_IDS_MAX + 1 }, (_, id) => id) }, false],
  ["another version", { ...touch(1), v: 2 }, false],
  ["another op", { ...touch(1), op: "drop" }, false],
  ["no collection", { v: 1, op: "touch", ids: [1] }, false],
  ["a key that is not known", { ...touch(1), text: "private" }, false],
  ["a negative id", touch(-1), false],
  ["an id that is no UUID", { ...touch(), ids: ["abc"] }, false],
  ["a put without payload", { ...put(1, ""), points: [{ id: 1 }] }, false],
  ["a payload that is a text", { ...put(1, ""), points: [{ id: 1, payload: "text" }] }, false],
];

for (const [name, event, isGood] of EVENTS) {
  test(`the schema and the code agree on ${name}: ${isGood ? "taken" : "refused"}`, () => {
    const validate = new Ajv({ strict: false }).compile(schema);

    assert.equal(validate(event), isGood);
    const parse = () => parseLiveEvent(JSON.stringify(event), JSON_TEXT);
    if (isGood) parse();
    else assert.throws(parse, { name: "PermanentError" });
  });
}

test("an event that EventBridge wrapped is the same event", () => {
  const wrapped = { version: "0", "detail-type": "memory", source: "chat", detail: touch(7) };

  assert.deepEqual(parseLiveEvent(JSON.stringify(wrapped), JSON_TEXT), {
    op: "touch",
    collection: "chat",
    shardKey: null,
    ids: ["7"],
  });
});
