import assert from "node:assert/strict";
import { test } from "node:test";
import { readFreshState, refuseWhileApplying } from "../../src/migration/guard.ts";
import { machineWithMemories } from "../support/machine.ts";

const MIGRATE = { action: "migrate", collection: "chat", sourceModel: "old" };

/** A migration that is READY, and its id. */
async function readyMachine() {
  const machine = await machineWithMemories(3);
  const [outcome] = (await machine.run(MIGRATE)).outcomes;
  return { machine, migration: outcome?.migration ?? "" };
}

test("a state whose reading took too long is read again, and given up in the end", async () => {
  const { machine, migration } = await readyMachine();
  let now = 0;
  let reads = 0;
  const slow = (slowReads: number) => ({
    clock: { now: () => now },
    ledger: {
      ...machine.ledger,
      create: () => Promise.resolve(false),
      replace: () => Promise.resolve(false),
      list: (prefix: string) => machine.ledger.list(prefix),
      read: (key: string) => {
        now += reads++ < slowReads ? 2001 : 2000;
        return machine.ledger.read(key);
      },
    },
  });

  assert.equal((await readFreshState(slow(2), migration)).phase, "ready");
  assert.equal(reads, 3);
  reads = 0;
  await assert.rejects(readFreshState(slow(9), migration), { name: "TransientError" });
});

test("the last look of a swap waits until the server has applied what it took in", async () => {
  const { machine, migration } = await readyMachine();
  const { qdrant, ledger } = machine;
  const held = async (queued: object) => {
    const real = qdrant.collection.bind(qdrant);
    const busy = new Proxy(qdrant, {
      get: (target, name) =>
        name === "collection"
          ? async (of: string) => {
              const info = await real(of);
              return info !== null && of === "chat_8d" ? { ...info, ...queued } : info;
            }
          : Reflect.get(target, name),
    });
    await refuseWhileApplying({ qdrant: busy, ledger }, migration);
  };
  // Nothing is held back before a swap.
  await held({ updateQueueLength: 1 });
  const key = [...ledger.objects.keys()].find((one) => one.endsWith("/migration.json")) ?? "";
  const state = await ledger.read(key);
  await ledger.replace(
    key,
    (state?.body ?? "").replace('"phase":"ready"', '"phase":"swap"'),
    state?.version ?? "",
  );

  await held({});
  for (const queued of [{ updateQueueLength: 1 }, { deferredPoints: 1 }])
    await assert.rejects(held(queued), {
      name: "TransientError",
      message: /still applying writes to chat_8d/,
    });
});
