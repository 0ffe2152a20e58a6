import assert from "node:assert/strict";
import { test } from "node:test";
import { readReport } from "../../src/migration/readReport.ts";
import { readStatus } from "../../src/migration/status.ts";
import { act } from "../support/bridge.ts";
import { machineWithMemories, type StoryMachine } from "../support/machine.ts";

const MIGRATE = { action: "migrate", collection: "chat", sourceModel: "old", pageSizePoints: 7 };

const point = (machine: StoryMachine, alias: string, collection: string) =>
  machine.qdrant.changeAliases([{ create_alias: { collection_name: collection, alias_name: alias } }]);

const pointsTo = async (machine: StoryMachine) =>
  Object.fromEntries((await machine.qdrant.aliases()).map(({ alias, collection }) => [alias, collection]));

test("an alias made since the plan stops the swap, is taken up by the next run, and moves with the others", async () => {
  const machine = await machineWithMemories(20);
  await machine.run(MIGRATE);
  await point(machine, "chat_mobile", "chat_4d");

  const refused = await act(machine, "cutover");
  const again = await machine.run(MIGRATE);
  const swapped = await act(machine, "cutover");

  assert.match(
    refused.outcomes[0]?.says ?? "",
    /got a new alias since the plan: chat_mobile. Run migrate again/,
  );
  assert.equal(again.outcomes[0]?.status, "READY");
  assert.equal(swapped.outcomes[0]?.status, "DONE");
  assert.deepEqual(await pointsTo(machine), { chat: "chat_8d", chat_mobile: "chat_8d" });
  const clock = { now: () => machine.now };
  const { migration } = await readStatus(machine.ledger, clock, "chat_4d");
  assert.deepEqual((await readReport(machine.ledger, clock, migration ?? "")).aliases, [
    "chat",
    "chat_mobile",
  ]);

  await act(machine, "rollback");
  assert.deepEqual(await pointsTo(machine), { chat: "chat_4d", chat_mobile: "chat_4d" });
});

test("an alias that is gone is let go by the next run", async () => {
  const machine = await machineWithMemories(20);
  await point(machine, "chat_old", "chat_4d");
  await machine.run(MIGRATE);
  await machine.qdrant.changeAliases([{ delete_alias: { alias_name: "chat_old" } }]);

  const refused = await act(machine, "cutover");
  await machine.run(MIGRATE);
  const swapped = await act(machine, "cutover");

  assert.match(refused.outcomes[0]?.says ?? "", /chat_old does not exist any more/);
  assert.equal(swapped.outcomes[0]?.status, "DONE");
  assert.deepEqual(await pointsTo(machine), { chat: "chat_8d" });
});

test("an alias that somebody moved elsewhere is not let go: the swap stays refused", async () => {
  const machine = await machineWithMemories(20);
  await machine.qdrant.createCollection("other", { vectors: { size: 4, distance: "Cosine" } });
  await point(machine, "chat_mobile", "chat_4d");
  await machine.run(MIGRATE);
  await point(machine, "chat_mobile", "other");
  await machine.run(MIGRATE);

  const refused = await act(machine, "cutover");

  assert.equal(refused.outcomes[0]?.status, "REFUSED");
  assert.match(refused.outcomes[0]?.says ?? "", /chat_mobile points to other/);
  assert.deepEqual(await pointsTo(machine), { chat: "chat_4d", chat_mobile: "other" });
});

test("where readers used the collection's own name, an alias they made since moves beside the planned one", async () => {
  const machine = await machineWithMemories(20);
  await machine.qdrant.changeAliases([{ delete_alias: { alias_name: "chat" } }]);
  const own = { ...MIGRATE, collection: "chat_4d" };
  await machine.run(own);
  await point(machine, "chat", "chat_4d");

  const refused = await act(machine, "cutover");
  await machine.run(own);
  await act(machine, "cutover");

  assert.equal(refused.outcomes[0]?.status, "REFUSED");
  assert.deepEqual(await pointsTo(machine), { chat: "chat_8d", chat_live: "chat_8d" });
});

test("an alias made on the old collection after the swap does not bar the way back", async () => {
  const machine = await machineWithMemories(20);
  await machine.run(MIGRATE);
  await act(machine, "cutover");
  await point(machine, "archive", "chat_4d");

  const back = await act(machine, "rollback");

  assert.equal(back.outcomes[0]?.status, "ROLLED_BACK");
  assert.deepEqual(await pointsTo(machine), { archive: "chat_4d", chat: "chat_4d" });
});
