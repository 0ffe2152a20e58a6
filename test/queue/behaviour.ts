// What every pages queue promises, whatever keeps it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Queue } from "../../src/migration/ports.ts";

export interface Received {
  readonly messageId: string;
  readonly body: string;
  readonly receipt: string;
}

/** A queue and, beside the port, what the event source mapping does with it. */
export interface QueueUnderTest {
  readonly queue: Queue;
  /** Waits until a message is visible. */
  receive(): Promise<Received>;
  acknowledge(receipt: string): Promise<void>;
  /** Waits until the depth is as expected. */
  settles(depth: {
    readonly waiting: number;
    readonly inFlight: number;
    readonly dead: number;
  }): Promise<void>;
}

/** @param open Gives an empty queue with a visibility timeout of 1 s and two deliveries before the dead letters. */
export function testQueue(name: string, open: () => Promise<QueueUnderTest>): void {
  test(`${name} delivers every message of ten senders once`, async () => {
    const { queue, receive, acknowledge, settles } = await open();
    const sent = Array.from({ length: 10 }, (_, sender) =>
      Array.from({ length: 25 }, (_, page) => `${sender}/${page}`),
    );

    await Promise.all(sent.map((messages) => queue.send(messages)));
    const received: string[] = [];
    while (received.length < 250) {
      const { body, receipt } = await receive();
      received.push(body);
      await acknowledge(receipt);
    }

    assert.deepEqual(received.sort(), sent.flat().sort());
    await settles({ waiting: 0, inFlight: 0, dead: 0 });
  });

  test(`${name} keeps a message as it was written`, async () => {
    const { queue, receive } = await open();
    const body = JSON.stringify({ lo: "größer 日本", hi: null, text: '"\\ \n' });

    await queue.send([body]);

    assert.equal((await receive()).body, body);
  });

  test(`${name} takes no message at all`, async () => {
    const { queue, settles } = await open();

    await queue.send([]);

    await settles({ waiting: 0, inFlight: 0, dead: 0 });
  });

  test(`${name} delivers again what nobody acknowledged, and then keeps it as a dead letter`, async () => {
    const { queue, receive, settles } = await open();
    await queue.send(["page"]);

    const first = await receive();
    await settles({ waiting: 0, inFlight: 1, dead: 0 });
    const second = await receive();

    assert.equal(second.messageId, first.messageId);
    assert.notEqual(second.receipt, first.receipt);
    await settles({ waiting: 0, inFlight: 0, dead: 1 });
  });
}

/** Asks until the answer is there; the test runner's own limit ends a wait in vain. */
export async function eventually<T>(ask: () => Promise<T | null>, pauseMs: number): Promise<T> {
  for (;;) {
    const found = await ask();
    if (found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
