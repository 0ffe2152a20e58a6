import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ConfigError, PermanentError, TransientError } from "../../src/migration/errors.ts";
import type { Deadline } from "../../src/migration/ports.ts";
import { type Inbox, type PollSettings, poll } from "../../src/queue/poll.ts";

const SETTINGS: PollSettings = {
  ...{ concurrency: 2, waitMs: 5, hideMs: 90, treatMsMax: 5_000, stopMs: 40 },
  ...{ restMs: 1, restMsMax: 4, retryMs: 5, retryMsMax: 20 },
};

interface Held {
  readonly messageId: string;
  readonly body: string;
  receipt: string;
  receiveCount: number;
  visibleAt: number;
}

/** A queue with the visibility of SQS: what is received is hidden until its time is over. */
class FakeInbox implements Inbox {
  readonly held: Held[];
  /** Called before each call; throwing there is the answer. */
  before: (call: keyof Inbox) => void = () => {};
  readonly hides: { readonly messageId: string; readonly ms: number }[] = [];

  constructor(bodies: readonly string[]) {
    this.held = bodies.map((body) => ({ messageId: body, body, receipt: "", receiveCount: 0, visibleAt: 0 }));
  }

  async receive(waitMs: number, hideMs: number) {
    this.before("receive");
    const found = this.held.find(({ visibleAt }) => visibleAt <= Date.now());
    if (found === undefined) return pause(waitMs, null);
    found.receiveCount++;
    found.receipt = `${found.messageId}-${found.receiveCount}`;
    found.visibleAt = Date.now() + hideMs;
    return { ...found };
  }

  async hide(receipt: string, ms: number): Promise<void> {
    this.before("hide");
    const found = this.held.find((one) => one.receipt === receipt);
    if (found === undefined) throw new PermanentError("There is no such receipt.");
    found.visibleAt = Date.now() + ms;
    this.hides.push({ messageId: found.messageId, ms });
  }

  async remove(receipt: string): Promise<void> {
    this.before("remove");
    const index = this.held.findIndex((one) => one.receipt === receipt);
    if (index >= 0) this.held.splice(index, 1);
  }
}

const PAGES = Array.from({ length: 12 }, (_, index) => `page-${index}`);

/** Starts polling; `end` stops it and gives what was logged. */
function start(
  inbox: FakeInbox,
  treat: (body: string, deadline: Deadline) => Promise<void>,
  settings: Partial<PollSettings> = {},
) {
  const stop = new AbortController();
  const log: string[] = [];
  const outside = {
    ...{ inbox, treat, clock: { now: () => Date.now() } },
    log: (event: string, fields: object) => void log.push(JSON.stringify({ event, ...fields })),
  };
  const polling = poll(outside, { ...SETTINGS, ...settings }, stop.signal);
  const end = async (): Promise<string> => {
    stop.abort();
    await polling;
    return log.join("\n");
  };
  return { polling, end, log };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(2);
}

test("every message is treated once and deleted, and never more at once than seats", async () => {
  const inbox = new FakeInbox(PAGES);
  const treated: string[] = [];
  let underWay = 0;
  let mostUnderWay = 0;

  const { end } = start(inbox, async (body) => {
    mostUnderWay = Math.max(mostUnderWay, ++underWay);
    await pause(3);
    underWay--;
    treated.push(body);
  });
  await until(() => inbox.held.length === 0);
  await end();

  assert.deepEqual(treated.sort(), [...PAGES].sort());
  assert.equal(mostUnderWay, 2);
});

test("a message is deleted after it was treated, not before", async () => {
  const inbox = new FakeInbox(["page"]);
  const there: number[] = [];

  const { end } = start(inbox, async () => {
    await pause(10);
    there.push(inbox.held.length);
  });
  await until(() => inbox.held.length === 0);
  await end();

  assert.deepEqual(there, [1]);
});

test("a message that takes longer than it is hidden for stays hidden while it is treated", async () => {
  const inbox = new FakeInbox(["page"]);
  let treated = 0;

  const { end } = start(inbox, async () => {
    treated++;
    await pause(300);
  });
  await until(() => inbox.held.length === 0);
  await end();

  assert.equal(treated, 1);
  assert.ok(inbox.hides.length >= 3, `${inbox.hides.length} beats`);
});

test("beats that fail are logged and do not stop the page", async () => {
  const inbox = new FakeInbox(["page"]);
  inbox.before = (call) => {
    if (call === "hide") throw new TransientError("The queue is away.");
  };

  const { end } = start(inbox, () => pause(50), { hideMs: 60 });
  await until(() => inbox.held.length === 0);

  assert.match(await end(), /poll\.beat-failed/);
});

test("a message that fails stays on the queue, hidden longer each time, and the others are treated", async () => {
  const inbox = new FakeInbox(["bad", "good"]);
  const treat = async (body: string): Promise<void> => {
    if (body === "bad") throw new PermanentError("Nobody can treat this page.");
  };

  const { end } = start(inbox, treat, { restMs: 0 });
  await until(() => (inbox.held[0]?.receiveCount ?? 0) >= 4);
  const log = await end();

  assert.deepEqual(
    inbox.held.map(({ body }) => body),
    ["bad"],
  );
  assert.deepEqual(
    inbox.hides.slice(0, 3).map(({ ms }) => ms),
    [5, 10, 20],
  );
  assert.match(log, /poll\.message-failed.*"receiveCount":1.*Nobody can treat this page/);
});

test("a log line repeats the sentence of no error but ours", async () => {
  const inbox = new FakeInbox(["page"]);

  const { end, log } = start(inbox, async () => {
    throw new TypeError("a private memory");
  });
  await until(() => log.length > 0);
  const text = await end();

  assert.match(text, /TypeError/);
  assert.doesNotMatch(text, /private/);
});

test("wrong settings end the process and give its messages back at once", async () => {
  const inbox = new FakeInbox(PAGES);

  const { polling } = start(inbox, async () => {
    throw new ConfigError("The model's files are damaged.");
  });

  await assert.rejects(polling, { name: "ConfigError", message: /damaged/ });
  assert.equal(inbox.held.length, PAGES.length);
  assert.ok(inbox.held.every(({ receiveCount, visibleAt }) => receiveCount <= 1 && visibleAt <= Date.now()));
});

test("a queue that cannot be read for a while is asked again, later each time", async () => {
  const inbox = new FakeInbox(["page"]);
  let asked = 0;
  inbox.before = (call) => {
    if (call === "receive" && ++asked <= 5) throw new TransientError("The queue is away.");
  };

  const { end } = start(inbox, async () => {}, { concurrency: 1 });
  await until(() => inbox.held.length === 0);

  assert.match(await end(), /poll\.failed.*"failures":5/);
});

test("a deletion that failed brings the message back, and it is deleted then", async () => {
  const inbox = new FakeInbox(["page"]);
  let deletions = 0;
  inbox.before = (call) => {
    if (call === "remove" && ++deletions === 1) throw new TransientError("The answer was lost.");
  };
  const treated: string[] = [];

  const { end } = start(inbox, async (body) => void treated.push(body));
  await until(() => inbox.held.length === 0);
  await end();

  assert.deepEqual(treated, ["page", "page"]);
});

test("a stop lets the page under way end, and takes no other", async () => {
  const inbox = new FakeInbox(PAGES);
  const begun: string[] = [];
  const { end } = start(
    inbox,
    async (body) => {
      begun.push(body);
      await pause(20);
    },
    { stopMs: 5_000 },
  );
  await until(() => begun.length === 2);

  await end();

  assert.equal(begun.length, 2);
  assert.equal(inbox.held.length, PAGES.length - 2);
});

test("a stop gives back at once what does not end in its time, and tells it how little is left", async () => {
  const inbox = new FakeInbox(["slow"]);
  let remainingMs = Number.NaN;
  let isBegun = false;
  const { end } = start(inbox, async (_, deadline) => {
    isBegun = true;
    for (;;) {
      remainingMs = deadline.remainingMs();
      await pause(5, undefined, { ref: false });
    }
  });
  await until(() => isBegun);

  const log = await end();

  assert.ok(remainingMs <= SETTINGS.stopMs, `${remainingMs}`);
  assert.match(log, /poll\.released/);
  assert.deepEqual(inbox.hides.at(-1), { messageId: "slow", ms: 0 });
  assert.ok((inbox.held[0]?.visibleAt ?? Number.POSITIVE_INFINITY) <= Date.now());
});

test("a message that arrives after the stop is given back", async () => {
  const inbox = new FakeInbox([]);
  let isTreated = false;
  const { end } = start(
    inbox,
    async () => {
      isTreated = true;
    },
    { concurrency: 1, waitMs: 20 },
  );
  const receive = inbox.receive.bind(inbox);
  inbox.receive = async (waitMs, hideMs) => {
    await pause(20);
    inbox.held.push({ messageId: "late", body: "late", receipt: "", receiveCount: 0, visibleAt: 0 });
    return receive(waitMs, hideMs);
  };
  await pause(25);

  await end();

  assert.equal(isTreated, false);
  assert.deepEqual(inbox.hides, [{ messageId: "late", ms: 0 }]);
});
