// A bridge whose runs are killed, whose writers go on, and whose old readers ask at every moment.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answerQuery } from "../../src/migration/query.ts";
import { vectorNumbers } from "../../src/migration/vector.ts";
import { act, assertBridged, MIGRATE_BRIDGE, vectorsAt, written } from "../support/bridge.ts";
import { fakeContract, fakeModels, fakeVector } from "../support/embedder.ts";
import { killedAtEveryCall } from "../support/kills.ts";
import { machineWithMemories, NEW, OLD, StoryMachine } from "../support/machine.ts";

test("killed before any call of a function, started again: a whole bridge", () =>
  killedAtEveryCall(
    () => machineWithMemories(25),
    (machine) => machine.run(MIGRATE_BRIDGE),
    async (machine, when) => {
      const ended = await machine.run(MIGRATE_BRIDGE);

      assert.equal(ended.cause, "", when);
      assert.equal(ended.outcomes[0]?.status, "READY");
      assertBridged(machine, when);
    },
  ));

for (const [action, serves] of [
  ["cutover", "chat_8d"],
  ["rollback", "chat_4d"],
] as const)
  test(`killed before any call of a ${action}, started again: ${serves} serves and the bridge is whole`, () =>
    killedAtEveryCall(
      async () => {
        const machine = await machineWithMemories(10);
        await machine.run(MIGRATE_BRIDGE);
        if (action === "rollback") await act(machine, "cutover");
        return machine;
      },
      (machine) => act(machine, action),
      async (machine, when) => {
        const ended = await act(machine, action);

        assert.equal(ended.cause, "", when);
        assert.equal(machine.qdrant.names.get("chat"), serves);
        assertBridged(machine, when);
      },
    ));

const put = (id: number) => ({
  v: 1,
  op: "put",
  collection: "chat",
  points: [{ id, payload: { content: `put ${id}` } }],
});
const newOnly = (content: string) => `{"new":${written(content, NEW)}}`;
const touch = (...ids: number[]) => ({ v: 1, op: "touch", collection: "chat", ids });
const remove = (...ids: number[]) => ({ v: 1, op: "delete", collection: "chat", ids });

/** What an application that knows the old model alone does: writes, patches and tells; and puts and deletes. */
async function writeAsOldClient(machine: StoryMachine, from: number): Promise<void> {
  const { qdrant } = machine;
  const content = `by an old client ${from}`;
  qdrant.put("chat", String(from), { content }, written(content));
  const patched = qdrant.points("chat").get("5");
  assert.ok(patched !== undefined);
  const payload = JSON.stringify({ content: `patched ${from}` });
  qdrant.points("chat").set("5", { ...patched, payload });

  const again = await machine.live([touch(from, 5), put(from + 1), put(from + 2), remove(from + 2)]);

  assert.deepEqual(again, []);
}

test("live events keep both sides one and the bridge whole: before the swap, after it and after a rollback", async () => {
  const machine = await machineWithMemories(12);
  await machine.run(MIGRATE_BRIDGE);
  await writeAsOldClient(machine, 100);
  assertBridged(machine, "before the swap");

  await act(machine, "cutover");
  await writeAsOldClient(machine, 200);
  assertBridged(machine, "after the swap");

  await act(machine, "rollback");
  await writeAsOldClient(machine, 300);
  assertBridged(machine, "after the rollback");
  for (const id of ["100", "101", "200", "201", "300", "301"])
    assert.ok(machine.qdrant.points("chat_4d").has(id), `${id} is lost`);
  for (const id of ["102", "202", "302"]) assert.ok(!machine.qdrant.points("chat_4d").has(id));
});

test("a touch whose answer is lost while the text changes is put right when it comes again", async () => {
  const machine = await machineWithMemories(12);
  const { qdrant } = machine;
  await machine.run(MIGRATE_BRIDGE);
  await act(machine, "cutover");
  qdrant.put("chat", "104", { content: "first" }, written("first"));
  qdrant.after = (call) => {
    const point = qdrant.points("chat_8d").get("104");
    if (call !== "updateVectors" || point === undefined) return;
    qdrant.after = () => {};
    qdrant.points("chat_8d").set("104", { ...point, payload: JSON.stringify({ content: "second" }) });
    throw new Error("no answer");
  };

  const first = await machine.live([touch(104)]);
  assert.deepEqual(first, ["message-0"]);
  const again = await machine.live([touch(104)]);

  assert.deepEqual(again, []);
  assertBridged(machine);
});

test("an old vector that was made while the text changed is never of the text before", async () => {
  const machine = await machineWithMemories(12);
  const { qdrant } = machine;
  await machine.run(MIGRATE_BRIDGE);
  await act(machine, "cutover");
  const write = (content: string) => qdrant.put("chat", "104", { content }, newOnly(content));
  write("first");
  // The application writes again right before the function's own write, which then is not heard of any more.
  qdrant.before = (call) => {
    if (call !== "updateVectors") return;
    qdrant.before = () => {};
    write("second");
  };
  qdrant.after = (call) => {
    if (call !== "updateVectors") return;
    qdrant.after = () => {};
    throw new Error("no answer");
  };

  assert.deepEqual(await machine.live([touch(104)]), ["message-0"]);

  assert.equal(vectorsAt(machine, "chat_8d", "104").old, null);
  assert.deepEqual(await machine.live([touch(104)]), []);
  assertBridged(machine);
  assert.deepEqual(vectorsAt(machine, "chat_8d", "104").old, fakeVector(OLD, "second"));
});

test("after a touch vectors of another text are made anew, and an old one that nearly is of this text is left", async () => {
  const machine = await machineWithMemories(12);
  const { qdrant } = machine;
  await machine.run(MIGRATE_BRIDGE);
  await act(machine, "cutover");
  const offBy = (model: typeof OLD, text: string) =>
    fakeVector(model, text).map((value, index) => value + (index === 0 ? 0.05 : 0));
  const nearly = offBy(OLD, "nearly");
  qdrant.put("chat", "104", { content: "nearly" }, JSON.stringify([...nearly]));
  qdrant.put("chat", "105", { content: "now" }, written("before"));

  const [old, latest] = [written("ours"), JSON.stringify([...offBy(NEW, "ours")])];
  qdrant.put("chat", "106", { content: "ours" }, `{"":${old},"new":${latest}}`);

  assert.deepEqual(await machine.live([touch(104, 105, 106)]), []);

  assert.deepEqual(vectorsAt(machine, "chat_8d", "104").old, nearly);
  assert.deepEqual(vectorsAt(machine, "chat_8d", "105").old, fakeVector(OLD, "now"));
  assertBridged(machine);
});

test("a touch waits for a function that has the new model, where its vector is missing", async () => {
  const machine = await machineWithMemories(12);
  const { qdrant, models } = machine;
  await machine.run(MIGRATE_BRIDGE);
  await act(machine, "cutover");
  qdrant.put("chat", "104", { content: "by an old client" }, written("by an old client"));
  machine.models = fakeModels([OLD]);

  assert.deepEqual(await machine.live([touch(104)]), ["message-0"]);
  assert.match(machine.log.at(-1) ?? "", /model new of chat_8d is not in this function/);

  machine.models = models;
  assert.deepEqual(await machine.live([touch(104)]), []);
  assertBridged(machine);
});

test("a reader of the old model finds its memory through the alias at every call of the whole way", async () => {
  const machine = await machineWithMemories(12);
  const { qdrant } = machine;
  let [queries, isAsking] = [0, false];
  const wrong: string[] = [];
  qdrant.before = async (call) => {
    if (isAsking) return;
    isAsking = true;
    const found = await qdrant
      .search("chat", fakeVector(OLD, "memory number 3"), 1)
      .then(([hit]) => hit?.id ?? "nothing")
      .catch(String);
    if (found !== "3") wrong.push(`before ${call}: ${found}`);
    queries++;
    isAsking = false;
  };

  for (const step of [
    MIGRATE_BRIDGE,
    { action: "cutover" },
    { action: "rollback" },
    { action: "cutover" },
    { action: "cleanup", confirm: "chat_4d" },
  ])
    assert.equal((await machine.run({ collection: "chat", ...step })).cause, "");

  assert.deepEqual(wrong, []);
  assert.ok(queries > 100, `${queries} queries`);
});

const question = {
  alias: "chat",
  texts: ["memory number 3"],
  search: { limit: 1, filter: null, scoreThreshold: null, withPayload: true },
};

test("a query asks for the vector of its model: the unnamed one before the swap, the new one after it", async () => {
  const machine = await machineWithMemories(12);
  await machine.run(MIGRATE_BRIDGE);
  const before = await answerQuery(machine, question);
  await act(machine, "cutover");

  const after = await answerQuery(machine, question);

  assert.deepEqual([before.collection, before.contract.id], ["chat_4d", "old"]);
  assert.deepEqual([after.collection, after.contract.id], ["chat_8d", "new"]);
  for (const { results } of [before, after]) {
    assert.equal(results?.[0]?.[0]?.id, "3");
    assert.ok((results?.[0]?.[0]?.score ?? 0) > 0.999);
  }
});

const NEWER = fakeContract("newer", 16);

for (const layout of ["replace", "bridge"] as const)
  test(`the next migration (${layout}) starts from a bridge's new vector and carries the old one along`, async () => {
    const machine = await machineWithMemories(12);
    machine.models = fakeModels([NEW, OLD, NEWER]);
    const { qdrant } = machine;
    await machine.run(MIGRATE_BRIDGE);
    await act(machine, "cutover");
    await act(machine, "cleanup", { confirm: "chat_4d" });
    const next = { action: "migrate", collection: "chat", model: "newer", pageSizePoints: 7, layout };

    const ended = await machine.run(next);

    assert.equal(ended.cause, "");
    assert.equal(ended.outcomes[0]?.status, "READY");
    assert.equal((await act(machine, "cutover")).cause, "");
    assert.equal(qdrant.names.get("chat"), "chat_16d");
    for (const [id, { payload, vectors }] of qdrant.points("chat_16d")) {
      const { content } = JSON.parse(payload);
      assert.deepEqual(vectorNumbers(vectors, ""), vectorsAt(machine, "chat_8d", id).old);
      const newest = layout === "bridge" ? "newer" : "new";
      assert.deepEqual(vectorNumbers(vectors, newest), fakeVector(NEWER, content));
      if (layout === "bridge")
        assert.deepEqual(vectorNumbers(vectors, "new"), vectorsAt(machine, "chat_8d", id).new);
    }
    const answer = await answerQuery(machine, question);
    assert.deepEqual([answer.contract.id, answer.results?.[0]?.[0]?.id], ["newer", "3"]);
  });

/** A source whose only vector has a name. */
async function machineWithNamedVector(count: number): Promise<StoryMachine> {
  const machine = new StoryMachine();
  const { qdrant } = machine;
  await qdrant.createCollection("chat_4d", { vectors: { text: { size: 4, distance: "Cosine" } } });
  for (let id = 1; id <= count; id++) {
    const content = `memory number ${id}`;
    qdrant.put("chat_4d", String(id), { content }, `{"text":${written(content)}}`);
  }
  await qdrant.changeAliases([{ create_alias: { collection_name: "chat_4d", alias_name: "chat" } }]);
  return machine;
}

test("a named old vector is kept under its name, and dropped whole, configuration and values", async () => {
  const machine = await machineWithNamedVector(12);
  const { qdrant } = machine;
  await machine.run(MIGRATE_BRIDGE);
  await act(machine, "cutover");
  for (const { payload, vectors } of qdrant.points("chat_8d").values())
    assert.deepEqual(vectorNumbers(vectors, "text"), fakeVector(OLD, JSON.parse(payload).content));
  await act(machine, "cleanup", { confirm: "chat_4d" });

  const dropped = await act(machine, "cleanup", { dropOldVector: true, confirm: "chat_8d" });

  assert.equal(dropped.cause, "");
  assert.match(
    dropped.outcomes[0]?.says ?? "",
    /old vector "text" of chat_8d was dropped \(12 points before/,
  );
  const info = await qdrant.collection("chat_8d");
  assert.deepEqual(info?.config.params, { vectors: { new: { size: 8, distance: "Cosine" } } });
  for (const { payload, vectors } of qdrant.points("chat_8d").values()) {
    assert.equal(vectorNumbers(vectors, "text"), null);
    assert.deepEqual(vectorNumbers(vectors, "new"), fakeVector(NEW, JSON.parse(payload).content));
  }
});
