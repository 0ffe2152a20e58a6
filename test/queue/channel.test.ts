import assert from "node:assert/strict";
import { test } from "node:test";
import { type Channel, openChannelQueue, type QueueRequest } from "../../src/queue/channel.ts";

/** Both ends of a channel in one process: requests are kept, the test answers them. */
function openChannel() {
  const requests: QueueRequest[] = [];
  let hear: (message: unknown) => void = () => {};
  let close: () => void = () => {};
  const channel: Channel = {
    post: (request) => requests.push(request),
    listen(onMessage, onClosed) {
      hear = onMessage;
      close = onClosed;
    },
  };
  const queue = openChannelQueue(channel);
  const answer = (id: number | undefined, waiting: number) =>
    hear({ kind: "queue", id, depth: { waiting, inFlight: 0, dead: 0 } });
  return { queue, requests, answer, hear: (message: unknown) => hear(message), close: () => close() };
}

test("a send ends when the host has the messages, not before", async () => {
  const { queue, requests, answer } = openChannel();
  let isSent = false;

  const sending = queue.send(["a", "b"]).then(() => {
    isSent = true;
  });
  await new Promise(setImmediate);
  assert.equal(isSent, false);
  assert.deepEqual(requests[0]?.send, ["a", "b"]);
  answer(requests[0]?.id, 2);
  await sending;

  assert.equal(isSent, true);
});

test("answers find their questions in any order, among other messages", async () => {
  const { queue, requests, answer, hear } = openChannel();
  const [first, second] = [queue.depth(), queue.depth()];

  hear({ kind: "call", id: requests[0]?.id });
  hear("nothing");
  answer(requests[1]?.id, 2);
  answer(requests[0]?.id, 1);

  assert.deepEqual([(await first).waiting, (await second).waiting], [1, 2]);
});

test("a host that ends leaves no question open", async () => {
  const { queue, close } = openChannel();
  const sending = queue.send(["a"]);

  close();

  await assert.rejects(sending, { name: "TransientError" });
});

test("no message is no question", async () => {
  const { queue, requests } = openChannel();

  await queue.send([]);

  assert.deepEqual(requests, []);
});
