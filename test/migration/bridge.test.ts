import assert from "node:assert/strict";
import { test } from "node:test";
import { markOf } from "../../src/migration/metadata.ts";
import { act, assertBridged, MIGRATE_BRIDGE as MIGRATE, vectorsAt, written } from "../support/bridge.ts";
import { fakeVector } from "../support/embedder.ts";
import { machineWithMemories, NEW, OLD, type StoryMachine } from "../support/machine.ts";

const aliasOf = (machine: StoryMachine) => machine.qdrant.names.get("chat");

test("a bridge holds the old vector bit for bit beside the new one, and says so", async () => {
  const machine = await machineWithMemories(30);

  const ended = await machine.run(MIGRATE);

  assert.equal(ended.cause, "");
  assert.equal(ended.outcomes[0]?.status, "READY");
  assertBridged(machine);
  const info = await machine.qdrant.collection("chat_8d");
  assert.deepEqual(info?.config.params, {
    vectors: { "": { size: 4, distance: "Cosine" }, new: { size: 8, distance: "Cosine" } },
  });
  const mark = info === null ? null : markOf(info);
  assert.equal(mark?.vector, "new");
  assert.deepEqual(
    mark?.bridged.map(({ vector, contract }) => [vector, contract?.id]),
    [["", "old"]],
  );
});

test("written to by old and new clients after the swap, rolled back, cut over again: nothing is lost", async () => {
  const machine = await machineWithMemories(20);
  await machine.run(MIGRATE);
  assert.equal((await act(machine, "cutover")).outcomes[0]?.status, "DONE");
  const { qdrant } = machine;
  qdrant.put("chat", "1000", { content: "by an old client" }, written("by an old client"));
  const both = `{"":${written("by both")},"new":${written("by both", NEW)}}`;
  qdrant.put("chat", "1001", { content: "by both" }, both);
  qdrant.put("chat", "1002", { content: "by a new client" }, `{"new":${written("by a new client", NEW)}}`);
  // Its own vector, whatever model made it, is what readers of the old collection find again.
  qdrant.put("chat", "5", { content: "patched" }, "[1,0,0,0]");
  qdrant.points("chat").delete("7");

  assert.equal((await act(machine, "rollback")).outcomes[0]?.status, "ROLLED_BACK");

  assert.equal(aliasOf(machine), "chat_4d");
  assert.equal(qdrant.points("chat_4d").has("7"), false);
  for (const [id, content] of [
    ["1000", "by an old client"],
    ["1001", "by both"],
    ["1002", "by a new client"],
  ] as const)
    assert.deepEqual(vectorsAt(machine, "chat_4d", id).old, fakeVector(OLD, content));
  assert.deepEqual(vectorsAt(machine, "chat_4d", "5").old, Float32Array.of(1, 0, 0, 0));

  assert.equal((await act(machine, "cutover")).cause, "");
  assertBridged(machine);
});

test("verify after the swap names points without a vector, redrive makes it, and readers find them", async () => {
  const machine = await machineWithMemories(20);
  await machine.run(MIGRATE);
  await act(machine, "cutover");
  const { qdrant } = machine;
  qdrant.put("chat", "1000", { content: "by an old client" }, written("by an old client"));
  qdrant.put("chat", "1002", { content: "by a new client" }, `{"new":${written("by a new client", NEW)}}`);
  const looked = await act(machine, "verify");
  assert.equal(looked.outcomes[0]?.status, "DIFFERENT");

  const ended = await act(machine, "redrive");

  assert.equal(ended.cause, "");
  assert.equal(ended.outcomes[0]?.status, "DONE");
  assert.equal(aliasOf(machine), "chat_8d");
  assertBridged(machine);
  assert.equal((await act(machine, "verify")).outcomes[0]?.status, "VERIFIED");
});

test("verify finds an old vector that was changed or taken from the new collection before the swap", async () => {
  const machine = await machineWithMemories(20);
  await machine.run(MIGRATE);
  const { qdrant } = machine;
  await qdrant.updateVectors("chat_8d", [{ id: "3", vectors: `{"":[0,1,0,0]}` }]);
  await qdrant.deleteVector("chat_8d", "", ["4"]);

  assert.equal((await act(machine, "verify")).outcomes[0]?.status, "DIFFERENT");
  assert.equal((await machine.run(MIGRATE)).outcomes[0]?.status, "READY");
  assertBridged(machine);
});

test("the old vector goes only when the old collection is gone, somebody repeats the name, and only it goes", async () => {
  const machine = await machineWithMemories(20);
  const { qdrant } = machine;
  await machine.run(MIGRATE);
  await act(machine, "cutover");
  const drop = { dropOldVector: true, confirm: "chat_8d" };
  assert.match((await act(machine, "cleanup", drop)).cause, /chat_4d still exists/);
  const cleaned = await act(machine, "cleanup", { confirm: "chat_4d" });
  assert.equal(cleaned.outcomes[0]?.status, "CLEANED");
  assert.match(cleaned.outcomes[0]?.says ?? "", /"dropOldVector": true/);
  assert.match((await act(machine, "cleanup", { dropOldVector: true })).cause, /repeat chat_8d in "confirm"/);
  qdrant.serverVersion = "1.18.2";
  assert.match((await act(machine, "cleanup", drop)).cause, /this server is 1\.18\.2/);
  qdrant.serverVersion = "1.19.0";
  assert.notEqual(vectorsAt(machine, "chat_8d", "1").old, null);

  const dropped = await act(machine, "cleanup", drop);

  assert.equal(dropped.cause, "");
  assert.match(dropped.outcomes[0]?.says ?? "", /20 points before, 20 now/);
  for (const id of qdrant.points("chat_8d").keys()) {
    assert.equal(vectorsAt(machine, "chat_8d", id).old, null);
    assert.notEqual(vectorsAt(machine, "chat_8d", id).new, null);
  }
  assert.match((await act(machine, "cleanup", drop)).outcomes[0]?.says ?? "", /no old vector any more/);
  const put = { v: 1, op: "put", collection: "chat", points: [{ id: 77, payload: { content: "later" } }] };
  assert.deepEqual(await machine.live([put]), []);
  assert.deepEqual(vectorsAt(machine, "chat_8d", "77"), { old: null, new: fakeVector(NEW, "later") });
});
