// What an event source mapping does for a function, done by a process of its own: takes messages of the pages queue,
// keeps each hidden while it is treated, deletes it afterwards. Whatever goes wrong in between, the message comes back
// to this or another consumer; a page that is treated twice has one record.
import { setTimeout as pause } from "node:timers/promises";
import { ConfigError, RefusedError, RemasterError } from "../migration/errors.ts";
import type { Clock, Deadline, Log } from "../migration/ports.ts";

interface InboxMessage {
  readonly messageId: string;
  readonly body: string;
  /** Of this delivery. */
  readonly receipt: string;
  /** 1 for the first delivery. */
  readonly receiveCount: number;
}

/** The receiving end of a queue. Errors: TransientError, ConfigError, PermanentError. */
export interface Inbox {
  /** Waits for a message up to `waitMs`, and hides it from others for `hideMs`; null: none came. */
  receive(waitMs: number, hideMs: number): Promise<InboxMessage | null>;
  /** Hides a message that was received for so long from now; 0 gives it back at once. */
  hide(receipt: string, ms: number): Promise<void>;
  remove(receipt: string): Promise<void>;
}

export interface PollOutside {
  readonly inbox: Inbox;
  /** Treats a message to its end, or throws: then it stays on the queue, for another try or the redrive policy. */
  readonly treat: (body: string, deadline: Deadline) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Times in ms. `src/defaults.ts` gives them with their reasons. */
export interface PollSettings {
  /** Messages treated side by side. */
  readonly concurrency: number;
  readonly waitMs: number;
  readonly hideMs: number;
  readonly treatMsMax: number;
  readonly stopMs: number;
  readonly restMs: number;
  readonly restMsMax: number;
  readonly retryMs: number;
  readonly retryMsMax: number;
}

/**
 * Polls until `stop`, and settles when every message it took is deleted or given back.
 * @throws ConfigError or RefusedError when this process is set up wrongly: it must not walk healthy messages to the
 * dead letters.
 */
export async function poll(outside: PollOutside, settings: PollSettings, stop: AbortSignal): Promise<void> {
  const misfit = new AbortController();
  const polling: Polling = { outside, settings, stop: AbortSignal.any([stop, misfit.signal]) };
  const seats = Array.from({ length: settings.concurrency }, () =>
    takeTurns(polling).catch((error: unknown) => {
      misfit.abort();
      throw error;
    }),
  );
  for (const ended of await Promise.allSettled(seats)) if (ended.status === "rejected") throw ended.reason;
}

interface Polling {
  readonly outside: PollOutside;
  readonly settings: PollSettings;
  readonly stop: AbortSignal;
}

/** One message after the other. After something failed it rests, longer each time: the cause may be down for all. */
async function takeTurns(polling: Polling): Promise<void> {
  const { outside, settings, stop } = polling;
  let failures = 0;
  while (!stop.aborted) {
    try {
      // A poll under way is not broken off: a message may be on its way already, and would be hidden from everybody.
      const message = await outside.inbox.receive(settings.waitMs, settings.hideMs);
      if (message === null) failures = 0;
      else if (stop.aborted) await giveBack(polling, message, 0);
      else failures = (await takeMessage(polling, message)) ? 0 : failures + 1;
    } catch (error) {
      if (isMisfit(error)) throw error;
      failures++;
      outside.log("poll.failed", { ...said(error), failures });
    }
    if (failures > 0) await rest(restMs(settings, failures), stop);
  }
}

/** @returns whether the message is done with. @throws ConfigError or RefusedError when none can be treated here. */
async function takeMessage(polling: Polling, message: InboxMessage): Promise<boolean> {
  const { outside, settings, stop } = polling;
  const { messageId, receipt, receiveCount } = message;
  try {
    if (await treatHidden(polling, message)) {
      // After the record. A deletion that fails brings the message back, and its record is found.
      await outside.inbox.remove(receipt);
      return true;
    }
    outside.log("poll.released", { messageId });
    await giveBack(polling, message, 0);
    return false;
  } catch (error) {
    outside.log("poll.message-failed", { messageId, receiveCount, ...said(error) });
    const isNotItsFault = isMisfit(error) || stop.aborted;
    await giveBack(polling, message, isNotItsFault ? 0 : retryMs(settings, receiveCount));
    if (isMisfit(error)) throw error;
    return false;
  }
}

/** @returns false when its time was over: somebody else will treat it from the start. */
async function treatHidden(polling: Polling, message: InboxMessage): Promise<boolean> {
  using _hidden = keepHidden(polling, message);
  using time = openDeadline(polling);
  const treated = polling.outside.treat(message.body, time.deadline).then(() => true);
  // Its failure may come when nobody waits for it any more.
  treated.catch(() => {});
  return await Promise.race([treated, time.isOver]);
}

/** Settings, a permission or the API key: no other message would fare better in this process. */
const isMisfit = (error: unknown): boolean => error instanceof ConfigError || error instanceof RefusedError;

/** Beats until it is disposed. A beat that fails costs at most a second treatment by somebody else. */
function keepHidden({ outside, settings }: Polling, { receipt, messageId }: InboxMessage): Disposable {
  const beat = (): void => {
    outside.inbox.hide(receipt, settings.hideMs).catch((error: unknown) => {
      outside.log("poll.beat-failed", { messageId, ...said(error) });
    });
  };
  // Two beats may be lost before the message is seen by others.
  const timer = setInterval(beat, settings.hideMs / 3);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

interface OpenDeadline extends Disposable {
  readonly deadline: Deadline;
  /** Settles, with false, when the time for this message is over. */
  readonly isOver: Promise<false>;
}

/** From now for one message; from the moment somebody wants this process to stop, for what is left. */
function openDeadline({ outside: { clock }, settings: { treatMsMax, stopMs }, stop }: Polling): OpenDeadline {
  let endsAt = clock.now() + treatMsMax;
  const { promise: isOver, resolve } = Promise.withResolvers<false>();
  let timer = setTimeout(() => resolve(false), treatMsMax);
  const shorten = (): void => {
    endsAt = Math.min(endsAt, clock.now() + stopMs);
    clearTimeout(timer);
    timer = setTimeout(() => resolve(false), endsAt - clock.now());
  };
  stop.addEventListener("abort", shorten, { once: true });
  return {
    deadline: { remainingMs: () => endsAt - clock.now() },
    isOver,
    [Symbol.dispose]() {
      clearTimeout(timer);
      stop.removeEventListener("abort", shorten);
    },
  };
}

/** Where this fails, the message shows itself when its time is over. */
async function giveBack(
  { outside }: Polling,
  { receipt, messageId }: InboxMessage,
  ms: number,
): Promise<void> {
  try {
    await outside.inbox.hide(receipt, ms);
  } catch (error) {
    outside.log("poll.give-back-failed", { messageId, ...said(error) });
  }
}

const restMs = ({ restMs, restMsMax }: PollSettings, failures: number): number =>
  Math.min(restMsMax, restMs * 2 ** (failures - 1));

const retryMs = ({ retryMs, retryMsMax }: PollSettings, receiveCount: number): number =>
  Math.min(retryMsMax, retryMs * 2 ** (receiveCount - 1));

async function rest(ms: number, stop: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal: stop }).catch(() => {});
}

/** The sentence of an error of ours holds ids and names only; anything else may quote what it failed on. */
const said = (error: unknown): { readonly error: string; readonly reason: string } => {
  const name = error instanceof Error ? error.name : "unknown error";
  return { error: name, reason: error instanceof RemasterError ? error.message : name };
};
