import assert from "node:assert/strict";
import { test } from "node:test";
import { StartedHost } from "./started.ts";

const EMPTY = { waiting: 0, inFlight: 0, dead: 0 };

test("every page that a function sends is delivered to the embedder, one a call", async () => {
  await using started = await StartedHost.start();

  await started.sends(...Array.from({ length: 20 }, (_, page) => ({ page })));

  const done = await started.sees("done", 20);
  assert.deepEqual(
    done.map(({ page }) => page ?? -1).sort((a, b) => a - b),
    Array.from({ length: 20 }, (_, page) => page),
  );
  assert.ok(done.every(({ delivery, eventSource }) => delivery === 1 && eventSource === "aws:sqs"));
});

test("no more pages are under way than embedders were asked for", async () => {
  await using started = await StartedHost.start({ concurrency: 3 });

  await started.sends(...Array.from({ length: 9 }, (_, page) => ({ page, ms: 50 })));

  await started.sees("done", 9);
  let underWay = 0;
  for (const { event } of started.lines) {
    if (event === "begun") underWay++;
    if (event === "done") underWay--;
    assert.ok(underWay <= 3);
  }
  assert.equal(new Set((await started.sees("done", 9)).map(({ pid }) => pid)).size, 3);
});

for (const how of ["throw", "exit", "hang"] as const)
  test(`a page whose embedder fails (${how}) is delivered again until it succeeds`, async () => {
    await using started = await StartedHost.start({ timeoutMs: () => 5_000 });

    await started.sends({ page: 1, failing: 2, how });

    const [done] = await started.sees("done", 1);
    assert.equal(done?.delivery, 3);
    assert.equal((await started.host.pages.depth()).dead, 0);
  });

test("a page that fails for good is a dead letter with the reason, and a redrive delivers it again", async () => {
  await using started = await StartedHost.start({
    queue: { retryDelayMs: 1, retryDelayMaxMs: 1, maxReceiveCount: 3 },
  });
  await started.sends({ page: 1, failing: 3 }, { page: 2 });
  await started.sees("begun", 4);
  while ((await started.host.pages.depth()).dead === 0) await new Promise(setImmediate);

  const [dead] = started.host.pages.deadLetters();
  assert.deepEqual([dead?.receiveCount, dead?.reason], [3, "TransientError: page failed"]);

  assert.equal(started.host.pages.redrive(), 1);
  await started.sees("begun", 5);
  assert.equal(started.lines.at(-1)?.delivery, 1);
});

test("a page that cannot be read is a dead letter at once", async () => {
  await using started = await StartedHost.start();
  await started.sends({ page: 1, failing: 1, how: "permanent" });
  while ((await started.host.pages.depth()).dead === 0) await new Promise(setImmediate);

  assert.equal(started.lines.filter(({ event }) => event === "begun").length, 1);
});

test("a stop delivers nothing more and lets the pages under way end", async () => {
  const started = await StartedHost.start({ concurrency: 1 });
  await started.sends({ page: 1, ms: 200 }, { page: 2, ms: 200 });
  await started.sees("begun", 1);

  await started.host.stop({ graceMs: 10_000 });

  assert.deepEqual(
    started.lines.filter(({ event }) => event !== "send").map(({ event, page }) => `${event} ${page}`),
    ["begun 1", "done 1"],
  );
  assert.deepEqual(await started.host.pages.depth(), { ...EMPTY, waiting: 1 });
});

test("a stop does not wait longer than it was told", async () => {
  const started = await StartedHost.start();
  await started.sends({ page: 1, failing: 1, how: "hang" });
  await started.sees("begun", 1);
  const begun = performance.now();

  await started.host.stop({ graceMs: 50 });

  assert.ok(performance.now() - begun < 5_000);
  await assert.rejects(started.host.invoke("planner", { act: "look" }), /stopped/);
});
