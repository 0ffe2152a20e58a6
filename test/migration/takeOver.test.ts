// Readers use the collection's own name, and the new collection takes it over.
import assert from "node:assert/strict";
import { test } from "node:test";
import { followAlias, standingOf } from "../../src/migration/follow.ts";
import { vectorNumbers } from "../../src/migration/vector.ts";
import { fakeVector } from "../support/embedder.ts";
import { killedAtEveryCall } from "../support/kills.ts";
import { machineWithMemories, NEW, OLD, type StoryMachine } from "../support/machine.ts";

const memories = (count: number) => machineWithMemories(count, OLD, { collection: "chat", alias: null });

const MIGRATE = {
  action: "migrate",
  collection: "chat",
  sourceModel: "old",
  pageSizePoints: 7,
  takeOverName: true,
};
const act = (machine: StoryMachine, action: string, more: object = {}) =>
  machine.run({ action, collection: "chat", ...more });

/** What is behind a collection's own name, whatever its name answers. */
const hidden = (machine: StoryMachine, name: string) => machine.qdrant.stored.get(name)?.points ?? new Map();

/** Both collections hold the same memories, each with vectors of its own model. */
function assertEqualSides(machine: StoryMachine, when = ""): void {
  const [source, target] = [hidden(machine, "chat"), hidden(machine, "chat_8d")];
  assert.deepEqual([...target.keys()].sort(), [...source.keys()].sort(), when);
  for (const [id, { payload, vectors }] of source) {
    const { content } = JSON.parse(payload);
    assert.equal(target.get(id)?.payload, payload, `${when} ${id}`);
    assert.deepEqual(vectorNumbers(vectors, ""), fakeVector(OLD, content), `${when} ${id}`);
    assert.deepEqual(
      vectorNumbers(target.get(id)?.vectors ?? null, ""),
      fakeVector(NEW, content),
      `${when} ${id}`,
    );
  }
}

const collections = (machine: StoryMachine) => [...machine.qdrant.stored.keys()].sort();
const aliases = (machine: StoryMachine) => Object.fromEntries([...machine.qdrant.names].sort());

const BEFORE = { chat_4d: "chat" };
const AFTER = { chat: "chat_8d", chat_4d: "chat" };

test("a dry run says what would become of the name and touches nothing", async () => {
  const machine = await memories(9);

  const planned = await machine.run({ ...MIGRATE, dryRun: true });

  const plan = planned.outcomes[0]?.plan;
  assert.deepEqual(plan?.takeOver, { name: "chat", wayBack: "chat_4d" });
  assert.match(plan?.warnings.join(" ") ?? "", /also reached as chat_4d/);
  assert.deepEqual(planned.outcomes[0]?.nextAction, MIGRATE);
  assert.deepEqual([collections(machine), aliases(machine)], [["chat"], {}]);
});

test("until the swap the name answers with the old collection, which is also reached by its way back", async () => {
  const machine = await memories(20);

  const ended = await machine.run(MIGRATE);

  assert.equal(ended.outcomes[0]?.status, "READY", ended.cause);
  assert.deepEqual([collections(machine), aliases(machine)], [["chat", "chat_8d"], BEFORE]);
  assertEqualSides(machine);
});

test("the swap takes the name over while it answers, a rollback gives it back, cleanup deletes the hidden one alone", async () => {
  const machine = await memories(20);
  await machine.run(MIGRATE);

  const swapped = await act(machine, "cutover");

  assert.equal(swapped.outcomes[0]?.status, "DONE", swapped.cause);
  assert.match(
    swapped.outcomes[0]?.says ?? "",
    /chat now points to chat_8d\. It was asked for \d+ times meanwhile and always answered\./,
  );
  assert.deepEqual(aliases(machine), AFTER);
  assert.equal((await act(machine, "rollback")).outcomes[0]?.status, "ROLLED_BACK");
  assert.deepEqual(aliases(machine), BEFORE);
  assert.equal((await act(machine, "cutover")).outcomes[0]?.status, "DONE");
  assert.equal((await act(machine, "cleanup")).outcomes[0]?.status, "REFUSED");
  const cleaned = await act(machine, "cleanup", { confirm: "chat" });
  assert.equal(cleaned.outcomes[0]?.status, "CLEANED", cleaned.cause);
  assert.deepEqual([collections(machine), aliases(machine)], [["chat_8d"], { chat: "chat_8d" }]);
  assert.equal(machine.qdrant.points("chat").size, 20);
  assert.equal((await act(machine, "status")).status, "SUCCEEDED");
});

const touch = (...ids: number[]) => ({ v: 1, op: "touch", collection: "chat", ids });
const put = (id: number, collection = "chat") => ({
  v: 1,
  op: "put",
  collection,
  points: [{ id, payload: { content: `put ${id} to ${collection}` } }],
});

/** What applications do who know the name alone: whatever answers to it is what they write. */
async function writeByName(machine: StoryMachine, from: number, model: typeof OLD): Promise<void> {
  const content = `written directly ${from}`;
  machine.qdrant.put("chat", String(from), { content }, JSON.stringify([...fakeVector(model, content)]));
  machine.qdrant.points("chat").delete(String(from % 7));
  const again = await machine.live([
    touch(from, from % 7),
    put(from + 1),
    put(from + 2),
    { v: 1, op: "delete", collection: "chat", ids: [from + 2] },
  ]);
  assert.deepEqual(again, []);
}

test("live events by the name, by the way back and by the target keep both sides one in every phase", async () => {
  const machine = await memories(20);
  await machine.run(MIGRATE);
  await writeByName(machine, 101, OLD);
  assertEqualSides(machine, "before the swap");

  await act(machine, "cutover");
  await writeByName(machine, 202, NEW);
  assert.deepEqual(await machine.live([put(300, "chat_4d"), put(301, "chat_8d")]), []);
  assertEqualSides(machine, "after the swap");

  await act(machine, "rollback");
  await writeByName(machine, 404, OLD);
  assert.deepEqual(await machine.live([put(500, "chat_4d")]), []);
  assertEqualSides(machine, "after the rollback");
  assert.equal(hidden(machine, "chat").has("300"), true);
});

test("live events are applied while the way back is not made yet and after the migration was given up", async () => {
  const machine = await memories(6);
  let isTold = false;
  machine.qdrant.before = async (call) => {
    // The lock names the migration, and the alias comes with the next call.
    const locks = [...machine.ledger.objects].filter(([key]) => key.startsWith("locks/"));
    const isNamed = locks.some(([, { body }]) => JSON.parse(body).migration !== null);
    if (call !== "changeAliases" || isTold || !isNamed) return;
    isTold = true;
    assert.deepEqual([...machine.qdrant.names], []);
    assert.deepEqual(await machine.live([put(50)]), []);
  };
  await machine.run(MIGRATE);
  assert.equal(isTold, true);
  assertEqualSides(machine);

  await act(machine, "abort");
  machine.qdrant.names.delete("chat_4d");
  assert.deepEqual(await machine.live([put(51)]), []);
  assert.equal(hidden(machine, "chat").has("51"), true);
});

test("a query by the way back goes on finding the old collection with the old model", async () => {
  const machine = await memories(6);
  await machine.run(MIGRATE);
  const outside = { qdrant: machine.qdrant, ledger: machine.ledger };
  const before = await followAlias(outside, "chat");
  const byWayBack = await followAlias(outside, "chat_4d");
  assert.deepEqual([before.contract.id, byWayBack.contract.id], ["old", "old"]);

  await act(machine, "cutover");

  assert.equal(await standingOf(outside, before), "replaced");
  const [name, wayBack] = [await followAlias(outside, "chat"), await followAlias(outside, "chat_4d")];
  assert.deepEqual([name.contract.id, name.collection], ["new", "chat_8d"]);
  assert.deepEqual([wayBack.contract.id, wayBack.collection], ["old", "chat_4d"]);
});

test("killed before any call of a function, started again: a whole migration, and no second alias", () =>
  killedAtEveryCall(
    () => memories(15),
    (machine) => machine.run(MIGRATE),
    async (machine, when) => {
      const ended = await machine.run(MIGRATE);

      assert.equal(ended.outcomes[0]?.status, "READY", `${when}: ${ended.cause}`);
      assert.deepEqual([collections(machine), aliases(machine)], [["chat", "chat_8d"], BEFORE], when);
      assertEqualSides(machine, when);
    },
  ));

for (const [action, expected] of [
  ["cutover", AFTER],
  ["rollback", BEFORE],
] as const) {
  const swapped = async () => {
    const machine = await memories(8);
    await machine.run(MIGRATE);
    if (action === "rollback") await act(machine, "cutover");
    return machine;
  };

  test(`killed before any call of a ${action}, started again: the name answers with the right side`, () =>
    killedAtEveryCall(
      swapped,
      (machine) => act(machine, action),
      async (machine, when) => {
        const ended = await act(machine, action);

        assert.equal(ended.cause, "", when);
        assert.deepEqual(aliases(machine), expected, when);
        assertEqualSides(machine, when);
      },
    ));

  test(`a ${action} of which the server did half, or whose answer was lost, is finished by the next`, async () => {
    for (const done of [0, 1, 2]) {
      const machine = await swapped();
      const { qdrant } = machine;
      const change = qdrant.changeAliases.bind(qdrant);
      qdrant.changeAliases = async (actions) => {
        if (!JSON.stringify(actions).includes("taking_over")) return change(actions);
        qdrant.changeAliases = change;
        await change(actions.slice(0, done));
        throw Object.assign(new Error("no answer"), { name: "PermanentError" });
      };
      await act(machine, action);
      const ended = await act(machine, action);

      assert.equal(ended.cause, "", `${done} done`);
      assert.deepEqual(aliases(machine), expected, `${done} done`);
    }
  });
}

test("killed before any call of a cleanup, started again: the hidden collection is gone and nothing else", () =>
  killedAtEveryCall(
    async () => {
      const machine = await memories(8);
      await machine.run(MIGRATE);
      await act(machine, "cutover");
      return machine;
    },
    (machine) => act(machine, "cleanup", { confirm: "chat" }),
    async (machine, when) => {
      await act(machine, "cleanup", { confirm: "chat" });

      assert.deepEqual([collections(machine), aliases(machine)], [["chat_8d"], { chat: "chat_8d" }], when);
      assert.equal(machine.qdrant.points("chat").size, 8, when);
    },
  ));

test("a server that checks the new name of an alias is found out before anything is planned, and nothing stays", async () => {
  const machine = await memories(8);
  machine.qdrant.refusesRename = true;

  const refused = await machine.run(MIGRATE);

  assert.equal(refused.outcomes[0]?.status, "REFUSED");
  assert.match(
    refused.outcomes[0]?.says ?? "",
    /does not let an alias take over.*chat_live|Leave takeOverName out/s,
  );
  assert.deepEqual([collections(machine), aliases(machine)], [["chat"], {}]);
  assert.equal((await machine.run({ ...MIGRATE, takeOverName: false })).outcomes[0]?.status, "READY");
});

test("a cleanup is refused when somebody removed the alias by which readers reach the new collection", async () => {
  const machine = await memories(8);
  await machine.run(MIGRATE);
  await act(machine, "cutover");
  machine.qdrant.names.delete("chat");

  const refused = await act(machine, "cleanup", { confirm: "chat" });

  assert.equal(refused.outcomes[0]?.status, "REFUSED");
  assert.deepEqual(collections(machine), ["chat", "chat_8d"]);
});

test("a way back that somebody pointed elsewhere stops the run before it reads the wrong memories", async () => {
  const machine = await memories(8);
  await machine.run(MIGRATE);
  machine.qdrant.names.set("chat_4d", "chat_8d");

  const refused = await act(machine, "cutover");

  assert.equal(refused.outcomes[0]?.status, "REFUSED");
  assert.match(refused.outcomes[0]?.says ?? "", /Point it to chat again/);
  machine.qdrant.names.delete("chat_4d");
  assert.equal((await act(machine, "cutover")).outcomes[0]?.status, "DONE");
  assert.deepEqual(aliases(machine), AFTER);
});

test("aliases move beside the name, and one that has the way back's name makes it take another", async () => {
  const machine = await memories(8);
  machine.qdrant.names.set("chat_4d", "chat").set("notes", "chat");

  await machine.run(MIGRATE);
  await act(machine, "cutover");

  assert.deepEqual(aliases(machine), {
    chat: "chat_8d",
    chat_4d: "chat_8d",
    chat_old: "chat",
    notes: "chat_8d",
  });
});

test("while the old collection stands behind the name, the next migration is refused with what to do", async () => {
  const machine = await memories(8);
  await machine.run(MIGRATE);
  await act(machine, "cutover");
  assert.equal((await machine.run(MIGRATE)).outcomes[0]?.status, "NOTHING_TO_DO");

  const refused = await machine.run({ action: "migrate", collection: "chat", model: "old" });

  assert.equal(refused.outcomes[0]?.status, "REFUSED");
  assert.match(refused.outcomes[0]?.says ?? "", /cleanup --collection chat/);
  await act(machine, "cleanup", { confirm: "chat" });
  const next = await machine.run({ action: "migrate", collection: "chat", model: "old" });
  assert.equal(next.outcomes[0]?.status, "READY", next.cause);
});

test("a migration that was given up leaves its way back to the next, whichever way that goes", async () => {
  const machine = await memories(8);
  await machine.run(MIGRATE);
  await act(machine, "abort");
  await machine.qdrant.deleteCollection("chat_8d");

  const next = await machine.run({ ...MIGRATE, takeOverName: false });

  assert.equal(next.outcomes[0]?.status, "READY", next.cause);
  assert.deepEqual(aliases(machine), {});
  await act(machine, "cutover");
  assert.deepEqual(aliases(machine), { chat_live: "chat_8d" });
});

test("a prefix takes up the collection behind a name that was taken over, and not its target", async () => {
  const machine = await memories(8);
  await machine.run(MIGRATE);
  await act(machine, "cutover");

  const back = await machine.run({ action: "rollback", collection: "cha*" });

  assert.deepEqual(
    back.outcomes.map(({ collection, status }) => [collection, status]),
    [["chat", "ROLLED_BACK"]],
  );
  assert.deepEqual(aliases(machine), BEFORE);
});
