import assert from "node:assert/strict";
import { test } from "node:test";
import { Mapping } from "../../../local/host/mapping.ts";
import { MemoryQueue } from "../../../src/queue/memory.ts";
import { StartedHost } from "./started.ts";

test("live events reach their function in batches of ten at most, in order, and bad ones come again alone", async () => {
  await using started = await StartedHost.start();

  const events = Array.from({ length: 25 }, (_, number) => ({ number, failing: number === 7 ? 2 : 0 }));
  await started.host.live.send(events.map((event) => JSON.stringify(event)));

  const done = await started.sees("live-done", 25);
  const numbers = done.map(({ page }) => page);
  assert.deepEqual(
    numbers.filter((number) => number !== 7),
    events.map(({ number }) => number).filter((number) => number !== 7),
  );
  assert.equal(numbers.filter((number) => number === 7).length, 1);
  const batches = started.lines.filter(({ event }) => event === "live-batch").map(({ page }) => page ?? 0);
  assert.ok(Math.max(...batches) <= 10 && batches.some((size) => size > 1));
});

test("an event that fails every time is a dead letter, and can be sent again", async () => {
  await using started = await StartedHost.start({ queue: { maxReceiveCount: 2, retryDelayMs: 1 } });

  await started.host.live.send([JSON.stringify({ number: 1, failing: 2 })]);

  await started.sees("live-failed", 2);
  while (started.host.live.deadLetters().length === 0) await new Promise(setImmediate);
  assert.equal(started.host.live.redrive(), 1);
  await started.sees("live-failed", 3);
});

test("a report of failures that cannot be read fails the whole batch", async () => {
  const queue = new MemoryQueue({
    visibilityTimeoutMs: 1000,
    maxReceiveCount: 1,
    retryDelayMs: 1,
    retryDelayMaxMs: 1,
  });
  const invoke = async () => ({ batchItemFailures: "all" });
  const mapping = new Mapping({ queue, concurrency: 1, batchSize: 10, reportsFailures: true, invoke });

  await queue.send(["a"]);
  await mapping.close();

  assert.match(queue.deadLetters()[0]?.reason ?? "", /TypeError.*no list/);
});
