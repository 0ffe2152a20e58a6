// Calls that were thought dead, made again by others, and come after everything has gone on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assessTarget } from "../../src/migration/assess.ts";
import { deleteOld } from "../../src/migration/cleanup.ts";
import { holdWrites, releaseWrites, settleSwap, swapAliases } from "../../src/migration/cutover.ts";
import { decideGate } from "../../src/migration/gate.ts";
import { readLock } from "../../src/migration/lock.ts";
import { beginPass } from "../../src/migration/passes.ts";
import { readPlan } from "../../src/migration/plan.ts";
import { prepareTarget, restoreTarget } from "../../src/migration/prepare.ts";
import { readState } from "../../src/migration/state.ts";
import { machineWithMemories, type StoryMachine } from "../support/machine.ts";
import type { Call } from "../support/qdrant.ts";

const MIGRATE = { action: "migrate", collection: "chat", sourceModel: "old", pageSizePoints: 7 };
type SwapAction = "cutover" | "rollback";

async function readyMachine() {
  const machine = await machineWithMemories(10);
  await machine.run(MIGRATE);
  const { qdrant, ledger } = machine;
  const migration = (await readLock(ledger, "chat_4d"))?.migration ?? "";
  const outside = { qdrant, ledger, clock: { now: () => machine.now++ } };
  const hold = async (action: SwapAction): Promise<number> => {
    const { pass } = await beginPass(outside, migration, action);
    await holdWrites(outside, migration, 60);
    return pass;
  };
  const swap = (action: SwapAction) => swapAliases(outside, migration, { action, override: null });
  const rollBack = async (): Promise<void> => {
    await hold("rollback");
    await swap("rollback");
  };
  /** Others go on right before the next call of this kind. */
  const beforeNext = (kind: Call, goOn: () => Promise<void>): void => {
    qdrant.before = async (call) => {
      if (call !== kind) return;
      qdrant.before = () => {};
      await goOn();
    };
  };
  return { machine, migration, outside, hold, swap, rollBack, beforeNext };
}

const fenceOf = ({ qdrant }: StoryMachine): boolean => qdrant.isFenced("chat_4d");

test("a swap that comes after the rollback of the swap that was made instead moves no name", async () => {
  const { machine, hold, swap, rollBack, beforeNext } = await readyMachine();
  await hold("cutover");
  beforeNext("aliases", async () => {
    await swap("cutover");
    await rollBack();
  });

  await assert.rejects(swap("cutover"), /went on without this call/);

  assert.equal(machine.qdrant.names.get("chat"), "chat_4d");
  assert.ok(!fenceOf(machine));
});

test("a swap whose answer was lost says the same again, and counts once", async () => {
  const { machine, migration, hold, swap } = await readyMachine();
  await hold("cutover");
  const first = await swap("cutover");

  assert.deepEqual(await swap("cutover"), first);
  assert.equal((await readState(machine.ledger, migration)).swaps.length, 1);
});

test("a look that found something releases the writes of its own hold alone", async () => {
  const { machine, migration, outside, hold } = await readyMachine();
  const found = await hold("cutover");
  await releaseWrites(outside, migration);
  await hold("cutover");

  await releaseWrites(outside, migration, ({ pass }) => pass === found);

  assert.equal((await readState(machine.ledger, migration)).phase, "swap");
  assert.ok(fenceOf(machine));
});

test("a cleanup that is held up until readers have gone back deletes nothing", async () => {
  const { machine, migration, outside, hold, swap, rollBack, beforeNext } = await readyMachine();
  await hold("cutover");
  await swap("cutover");
  beforeNext("collections", rollBack);

  const late = deleteOld(outside, migration, { confirm: "chat_4d", override: null, snapshot: false });

  await assert.rejects(late, /meanwhile the migration is at rolled-back, and alias chat points to it/);
  assert.equal(machine.qdrant.points("chat_4d").size, 10);
});

test("a run that has lost its lock settles nobody's swap", async () => {
  const { machine, migration, outside, hold } = await readyMachine();
  await hold("cutover");

  await settleSwap(outside, await readPlan(machine.ledger, migration), "execution-of-before");

  assert.equal((await readState(machine.ledger, migration)).phase, "swap");
  assert.ok(fenceOf(machine));
});

test("calls of the load and of the gate that come during a swap, or after it, leave its phase and direction alone", async () => {
  const { machine, migration, outside, hold, swap, rollBack } = await readyMachine();
  const stateNow = async () => {
    const { phase, direction } = await readState(machine.ledger, migration);
    return `${phase} ${direction}`;
  };
  const compared = { ...outside, models: machine.models, deadline: { remainingMs: () => 900_000 } };
  const assessment = await assessTarget(compared, migration);
  const late = async () => {
    await assert.rejects(prepareTarget(outside, migration), /was loaded meanwhile/);
    await restoreTarget(outside, migration);
    await decideGate(outside, migration, assessment);
    const before = await stateNow();
    await beginPass(outside, migration, "migrate");
    return before;
  };
  await hold("cutover");
  assert.equal(await late(), "swap forward");
  assert.equal(await stateNow(), "swap forward");

  await swap("cutover");
  assert.equal(await late(), "done reverse");
  assert.equal(await stateNow(), "done reverse");

  await rollBack();
  await beginPass(outside, migration, "rollback");
  assert.equal(await stateNow(), "rolled-back forward");
});
