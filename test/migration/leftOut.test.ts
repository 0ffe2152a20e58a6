// `emptyText: skip` leaves points without text on the old side alone; nothing else may be lost by it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { act } from "../support/bridge.ts";
import { machineWithMemories, type StoryMachine } from "../support/machine.ts";

const WITHOUT_TEXT = { note: "no text" };

async function swappedOver(): Promise<StoryMachine> {
  const machine = await machineWithMemories(20);
  for (const id of ["101", "102", "103"]) machine.qdrant.put("chat_4d", id, WITHOUT_TEXT, "{}");
  const run = await act(machine, "migrate", { sourceModel: "old", emptyText: "skip" });
  assert.match(run.outcomes[0]?.says ?? "", /stay out of the new collection/);
  assert.equal((await act(machine, "cutover")).outcomes[0]?.status, "DONE");
  assert.equal(machine.qdrant.points("chat").size, 20);
  return machine;
}

const live = async (machine: StoryMachine, event: object) =>
  assert.deepEqual(await machine.live([{ v: 1, collection: "chat", ...event }]), []);

test("after a swap points without text go back with everything else, and those left out stay", async () => {
  const machine = await swappedOver();
  await live(machine, { op: "put", points: [{ id: 5, payload: WITHOUT_TEXT }] });
  await live(machine, { op: "put", points: [{ id: 200, payload: WITHOUT_TEXT }] });
  machine.qdrant.put("chat", "201", WITHOUT_TEXT, "{}");
  await live(machine, { op: "touch", ids: [201, 102] });
  await live(machine, { op: "delete", ids: [7, 101] });

  const back = await act(machine, "rollback");

  assert.equal(back.outcomes[0]?.status, "ROLLED_BACK", back.cause);
  const old = machine.qdrant.points("chat_4d");
  const expected = Array.from({ length: 20 }, (_, n) => String(n + 1)).filter((id) => id !== "7");
  assert.deepEqual([...old.keys()].sort(), [...expected, "102", "103", "200", "201"].sort());
  for (const id of ["5", "200", "201"])
    assert.deepEqual(JSON.parse(old.get(id)?.payload ?? ""), WITHOUT_TEXT, id);
});

test("cleanup does not delete what was left out, unless a snapshot has it or somebody answers for it", async () => {
  const machine = await swappedOver();

  const refused = await act(machine, "cleanup", { confirm: "chat_4d" });

  assert.match(refused.cause, /3 points without text were left out of .*"snapshot": true/s);
  assert.equal(machine.qdrant.points("chat_4d").size, 23);
  const override = { by: "Elena", why: "they are empty" };
  const done = await act(machine, "cleanup", { confirm: "chat_4d", override });
  assert.equal(done.status, "SUCCEEDED", done.cause);
  assert.equal(machine.qdrant.names.has("chat_4d"), false);
});
