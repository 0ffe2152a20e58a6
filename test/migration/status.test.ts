import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY_SUMMARY } from "../../src/migration/record.ts";
import { type Movement, slowdownOf } from "../../src/migration/slowdown.ts";
import { readStatus } from "../../src/migration/status.ts";
import { machineWithMemories } from "../support/machine.ts";

const MIGRATE = { action: "migrate", collection: "chat", sourceModel: "old", pageSizePoints: 7 };

test("status says what is next, from the plan to the swap", async () => {
  const machine = await machineWithMemories(25);
  const status = () => readStatus(machine.ledger, { now: () => machine.now }, "chat_4d");

  await machine.run({ ...MIGRATE, dryRun: true });
  assert.equal((await status()).next, null);
  await machine.run(MIGRATE);
  const ready = await status();
  await machine.run({ action: "cutover", collection: "chat" });
  const swapped = await status();

  assert.deepEqual(ready.next?.input, { action: "cutover", collection: "chat_4d" });
  assert.equal(ready.slowedBy, null);
  assert.deepEqual(swapped.next?.input, { action: "cleanup", collection: "chat_4d" });
});

test("status counts the dollars of the pages so far, and names an interrupted load", async () => {
  const machine = await machineWithMemories(25);
  let pages = 0;
  machine.beforeCall = (name) => {
    if (name === "progress" && ++pages > 1)
      throw Object.assign(new Error("stopped"), { name: "PermanentError" });
  };
  await machine.run(MIGRATE);

  const status = await readStatus(machine.ledger, { now: () => machine.now }, "chat_4d");

  assert.ok(status.dollars >= 4 * ((3 * 0.4 + 2 * 5 + 6 * 0.4) / 1e6), `${status.dollars}`);
  assert.equal(status.next?.input.action, "migrate");
});

const NOW = 1_000_000_000;
const moving: Movement = {
  paused: false,
  owner: "run-1",
  forecast: { points: 10_000, seconds: { low: 50, high: 100 } },
  work: {
    tally: { ...EMPTY_SUMMARY.tally, total: 1000, migrated: 1000 },
    ms: 60_000,
    waitedMs: 0,
    lastAt: NOW - 1000,
  },
  rate: 150,
  since: NOW - 20_000,
  now: NOW,
};
const work = moving.work ?? assert.fail();

test("a load as foreseen has no reason to be slow", () => {
  assert.equal(slowdownOf(moving), null);
});

test("each cause of a slow load is named with what to do, the heaviest first", () => {
  const slow = { ...moving, rate: 99, work: { ...work, waitedMs: 6000 } };

  assert.match(slowdownOf({ ...moving, rate: 99 }) ?? "", /99\.0 points .* expected 100\.0 or more/);
  assert.match(slowdownOf(slow) ?? "", /asked to wait \(429\) for 10 %/);
  const silent = { ...slow, work: { ...slow.work, lastAt: NOW - 121_000 }, since: NOW - 500_000 };
  assert.match(slowdownOf(silent) ?? "", /No page got its record for 121 s/);
  assert.match(slowdownOf({ ...silent, owner: null }) ?? "", /No run is at work; start migrate/);
  assert.match(slowdownOf({ ...silent, owner: null, paused: true }) ?? "", /Paused .* resume/);
});

test("silence counts from the begin of the pass, and not while nothing may be left to record", () => {
  assert.equal(slowdownOf({ ...moving, work: { ...work, lastAt: null }, since: NOW - 119_000 }), null);
  assert.match(
    slowdownOf({ ...moving, work: { ...work, lastAt: null }, since: NOW - 120_000 }) ?? "",
    /120 s/,
  );
  assert.equal(slowdownOf({ ...moving, work: null, since: 0 }), null);
});
