// A thousand writes after the swap, by events and past them, then the way back: nothing of them may be missing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { vectorNumbers } from "../../src/migration/vector.ts";
import { act } from "../support/bridge.ts";
import { fakeVector } from "../support/embedder.ts";
import { machineWithMemories, NEW, OLD, type StoryMachine } from "../support/machine.ts";
import { type Random, seeded } from "../support/random.ts";

const WRITES = 1000;

/** One write of an application after the swap; `said` keeps what it said last of each memory. */
async function write(
  machine: StoryMachine,
  said: Map<string, string>,
  turn: number,
  random: Random,
): Promise<void> {
  const id = 1 + random.int(400);
  const content = `said in turn ${turn}`;
  const target = machine.qdrant.points("chat");
  const kind = random.pick(["put", "delete", "touch", "touched delete", "silent"] as const);
  const isDeleted = kind === "delete" || kind === "touched delete";
  if (isDeleted) said.delete(String(id));
  else said.set(String(id), content);
  const event = (op: string, more: object) => machine.live([{ v: 1, op, collection: "chat", ...more }]);
  if (kind === "put") assert.deepEqual(await event("put", { points: [{ id, payload: { content } }] }), []);
  if (kind === "delete") assert.deepEqual(await event("delete", { ids: [id] }), []);
  if (kind === "touched delete") target.delete(String(id));
  if (kind === "touch" || kind === "silent")
    machine.qdrant.put("chat", String(id), { content }, JSON.stringify([...fakeVector(NEW, content)]));
  if (kind.startsWith("touch")) assert.deepEqual(await event("touch", { ids: [id] }), []);
}

test("a rollback brings back every one of a thousand writes since the swap, each with the old model's vector", async () => {
  const machine = await machineWithMemories(300);
  await machine.run({ action: "migrate", collection: "chat", sourceModel: "old" });
  await act(machine, "cutover");
  const said = new Map(Array.from({ length: 300 }, (_, n) => [String(n + 1), `memory number ${n + 1}`]));
  const random = seeded(7);
  for (let turn = 0; turn < WRITES; turn++) await write(machine, said, turn, random);

  const back = await act(machine, "rollback");

  assert.equal(back.outcomes[0]?.status, "ROLLED_BACK", back.cause);
  assert.equal(machine.qdrant.names.get("chat"), "chat_4d");
  const source = machine.qdrant.points("chat_4d");
  assert.deepEqual([...source.keys()].sort(), [...said.keys()].sort());
  for (const [id, content] of said) {
    const point = source.get(id) ?? assert.fail(id);
    assert.equal(JSON.parse(point.payload).content, content);
    assert.deepEqual(vectorNumbers(point.vectors, ""), fakeVector(OLD, content), id);
  }
});
