import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { ConfigError, PermanentError, TransientError } from "../../src/migration/errors.ts";
import { MemoryQueue, type MemoryQueueSettings } from "../../src/queue/memory.ts";
import { eventually, testQueue } from "./behaviour.ts";

const settings: MemoryQueueSettings = {
  visibilityTimeoutMs: 1_000,
  maxReceiveCount: 2,
  retryDelayMs: 10,
  retryDelayMaxMs: 25,
};

testQueue("The queue in memory", async () => {
  const queue = new MemoryQueue(settings);
  return {
    queue,
    receive: () => eventually(async () => queue.receive(), 20),
    acknowledge: async (receipt) => queue.acknowledge(receipt),
    async settles(expected) {
      const wanted = JSON.stringify(expected);
      await eventually(async () => (JSON.stringify(await queue.depth()) === wanted ? true : null), 20);
    },
  };
});

/** A queue with one message, on a clock that the test moves. */
async function queueWith(body: string, changed: Partial<MemoryQueueSettings> = {}) {
  mock.timers.enable({ apis: ["setTimeout"] });
  const queue = new MemoryQueue({ ...settings, ...changed });
  await queue.send([body]);
  return {
    queue,
    [Symbol.dispose]: () => mock.timers.reset(),
  };
}

function receiveNow(queue: MemoryQueue) {
  const delivery = queue.receive();
  assert.ok(delivery !== null);
  return delivery;
}

test("a message that failed comes back after pauses that double up to a limit", async () => {
  using at = await queueWith("page", { maxReceiveCount: 5 });

  for (const pause of [10, 20, 25, 25]) {
    at.queue.fail(receiveNow(at.queue).receipt, new TransientError("no answer"));
    mock.timers.tick(pause - 1);
    assert.equal(at.queue.receive(), null);
    mock.timers.tick(1);
  }

  assert.equal(receiveNow(at.queue).receiveCount, 5);
});

test("a message that failed too often is a dead letter with its last reason", async () => {
  using at = await queueWith("page");

  at.queue.fail(receiveNow(at.queue).receipt, new TransientError("no answer"));
  mock.timers.tick(10);
  at.queue.fail(receiveNow(at.queue).receipt, new TransientError("still no answer"));

  const [dead] = at.queue.deadLetters();
  assert.equal(dead?.body, "page");
  assert.equal(dead?.receiveCount, 2);
  assert.equal(dead?.reason, "TransientError: still no answer");
});

for (const error of [new PermanentError("unreadable"), new ConfigError("another model")])
  test(`a message that failed with ${error.name} is a dead letter at once`, async () => {
    using at = await queueWith("page");

    at.queue.fail(receiveNow(at.queue).receipt, error);

    assert.deepEqual(await at.queue.depth(), { waiting: 0, inFlight: 0, dead: 1 });
  });

test("a redrive sends dead letters again, as new", async () => {
  using at = await queueWith("page");
  at.queue.fail(receiveNow(at.queue).receipt, new PermanentError("unreadable"));

  assert.equal(at.queue.redrive(), 1);

  const { body, receiveCount } = receiveNow(at.queue);
  assert.deepEqual([body, receiveCount], ["page", 1]);
  assert.deepEqual(at.queue.deadLetters(), []);
});

test("a late answer to an earlier delivery changes nothing", async () => {
  using at = await queueWith("page", { maxReceiveCount: 3 });
  const late = receiveNow(at.queue);
  mock.timers.tick(1_000);
  const current = receiveNow(at.queue);

  at.queue.acknowledge(late.receipt);
  at.queue.fail(late.receipt, new PermanentError("unreadable"));

  assert.deepEqual(await at.queue.depth(), { waiting: 0, inFlight: 1, dead: 0 });
  at.queue.acknowledge(current.receipt);
  assert.deepEqual(await at.queue.depth(), { waiting: 0, inFlight: 0, dead: 0 });
});

test("the first message sent is the first received", async () => {
  const queue = new MemoryQueue(settings);
  await queue.send(["a", "b"]);
  await queue.send(["c"]);

  assert.deepEqual([queue.receive()?.body, queue.receive()?.body, queue.receive()?.body], ["a", "b", "c"]);
});
