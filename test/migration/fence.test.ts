import assert from "node:assert/strict";
import { test } from "node:test";
import { holdWrites, releaseWrites } from "../../src/migration/cutover.ts";
import { TransientError } from "../../src/migration/errors.ts";
import { raiseFence } from "../../src/migration/fence.ts";
import { readLock } from "../../src/migration/lock.ts";
import type { JsonObject } from "../../src/migration/ports.ts";
import { updateState } from "../../src/migration/state.ts";
import { machineWithMemories, type StoryMachine } from "../support/machine.ts";

const MIGRATE = { action: "migrate", collection: "chat", sourceModel: "old", pageSizePoints: 7 };
const CUTOVER = { action: "cutover", collection: "chat", maxFenceSeconds: 60 };

const strictModeOf = (machine: StoryMachine): unknown =>
  machine.qdrant.stored.get("chat_4d")?.config.strict_mode_config;

/** Strict mode of the source at every call of the verifier: is the fence up during the last look? */
async function migratedAndWatched(strict?: JsonObject) {
  const machine = await machineWithMemories(20);
  const found = machine.qdrant.stored.get("chat_4d");
  if (strict !== undefined && found !== undefined)
    found.config = { ...found.config, strict_mode_config: strict };
  await machine.run(MIGRATE);
  const seen: unknown[] = [];
  machine.beforeCall = (name) => {
    if (name === "verifier") seen.push(strictModeOf(machine));
  };
  return { machine, seen };
}

test("upserts are stopped during the last look only, and may go on when the alias has moved", async () => {
  const { machine, seen } = await migratedAndWatched();

  const ended = await machine.run(CUTOVER);

  assert.equal(ended.outcomes[0]?.status, "DONE");
  assert.equal(seen[0], undefined);
  assert.deepEqual(seen.at(-1), { enabled: true, upsert_max_batchsize: 0 });
  assert.deepEqual(strictModeOf(machine), { enabled: false, upsert_max_batchsize: 100_000 });
});

test("strict mode of one's own comes back as it was", async () => {
  const strict = { enabled: true, upsert_max_batchsize: 500, max_query_limit: 50 };
  const { machine } = await migratedAndWatched(strict);

  await machine.run(CUTOVER);

  assert.deepEqual(strictModeOf(machine), strict);
});

test("a last look that takes too long lifts the fence and leaves the alias where it was", async () => {
  const { machine } = await migratedAndWatched();
  machine.beforeCall = (name, event) => {
    if (name === "swapper" && (event as { op: string }).op === "swap") machine.now += 61_000;
  };

  const ended = await machine.run(CUTOVER);

  assert.equal(ended.error, "RefusedError");
  assert.match(ended.cause, /longer than maxFenceSeconds \(60\)/);
  assert.equal(machine.qdrant.names.get("chat"), "chat_4d");
  assert.deepEqual(strictModeOf(machine), { enabled: false, upsert_max_batchsize: 100_000 });
});

test("whatever call of a fenced cut-over fails, the fence does not stay", async () => {
  for (let step = 1; step <= 12; step++) {
    const { machine } = await migratedAndWatched();
    let calls = 0;
    machine.beforeCall = (_, event) => {
      if (++calls === step && (event as { op: string }).op !== "close")
        throw Object.assign(new Error("broken"), { name: "PermanentError" });
    };

    await machine.run(CUTOVER);

    const strict = strictModeOf(machine) as { enabled?: boolean } | undefined;
    assert.notEqual(strict?.enabled, true, `failed at call ${step}`);
  }
});

test("a fence that a killed call noted and did not raise is raised by the next", async () => {
  const { machine, seen } = await migratedAndWatched();
  machine.qdrant.before = (call) => {
    if (call !== "updateCollection") return;
    machine.qdrant.before = () => {};
    throw new TransientError("killed");
  };

  const ended = await machine.run(CUTOVER);

  assert.equal(ended.outcomes[0]?.status, "DONE");
  assert.deepEqual(seen.at(-1), { enabled: true, upsert_max_batchsize: 0 });
  assert.deepEqual(strictModeOf(machine), { enabled: false, upsert_max_batchsize: 100_000 });
});

test("a call that raises the fence after its swap takes it down again", async () => {
  const { machine } = await migratedAndWatched({ enabled: true, upsert_max_batchsize: 500 });
  const { qdrant, ledger } = machine;
  const migration = (await readLock(ledger, "chat_4d"))?.migration ?? "";
  await updateState(ledger, { migration, now: machine.now }, () => ({ phase: "swap" }));
  const outside = { qdrant, ledger, clock: { now: () => machine.now++ } };
  qdrant.before = async (call) => {
    if (call !== "updateCollection") return;
    qdrant.before = () => {};
    // Meanwhile the swap was given up and everything put back.
    await releaseWrites(outside, migration);
  };

  await assert.rejects(raiseFence(outside, migration, 60), /is over/);

  assert.deepEqual(strictModeOf(machine), { enabled: true, upsert_max_batchsize: 500 });
  await assert.rejects(raiseFence(outside, migration, 60), /is over/);
  assert.deepEqual(strictModeOf(machine), { enabled: true, upsert_max_batchsize: 500 });
});

test("a call that holds writes back after its swap is refused, and events go on", async () => {
  const { machine } = await migratedAndWatched();
  await machine.run(CUTOVER);
  const { qdrant, ledger } = machine;
  const migration = (await readLock(ledger, "chat_4d"))?.migration ?? "";

  const late = holdWrites({ qdrant, ledger, clock: { now: () => machine.now++ } }, migration, 60);

  await assert.rejects(late, /is done, and no swap is being made/);
  const touch = { v: 1, op: "touch", collection: "chat", ids: [1] };
  assert.deepEqual(await machine.live([touch]), []);
});

test("a fence that fell during the last look stops the swap", async () => {
  const { machine } = await migratedAndWatched();
  machine.beforeCall = async (name, event) => {
    if (name === "swapper" && (event as { op: string }).op === "swap")
      await machine.qdrant.updateCollection("chat_4d", { strict_mode_config: { enabled: false } });
  };

  const ended = await machine.run(CUTOVER);

  assert.match(ended.cause, /changed the strict mode of chat_4d during the swap/);
  assert.equal(machine.qdrant.names.get("chat"), "chat_4d");
});

test("a cut-over whose fence was lifted again can be tried again", async () => {
  for (const strict of [undefined, { enabled: true, max_payload_index_count: 100 }]) {
    const { machine } = await migratedAndWatched(strict);
    machine.beforeCall = (name, event) => {
      if (name === "swapper" && (event as { op: string }).op === "swap") machine.now += 61_000;
    };
    await machine.run(CUTOVER);
    machine.beforeCall = () => {};

    assert.equal((await machine.run(MIGRATE)).outcomes[0]?.status, "READY");
    assert.equal((await machine.run(CUTOVER)).outcomes[0]?.status, "DONE");
  }
});

test("dormant limits are not brought to life for a fence", async () => {
  const { machine } = await migratedAndWatched({ enabled: false, max_query_limit: 10 });

  const ended = await machine.run(CUTOVER);

  assert.match(ended.cause, /cannot be fenced: .*max_query_limit/);
  assert.deepEqual(strictModeOf(machine), { enabled: false, max_query_limit: 10 });
  assert.equal(machine.qdrant.names.get("chat"), "chat_4d");
});
