// The queue of one machine, with the behaviour of SQS that matters: what is received and not acknowledged comes
// back, and what comes back too often goes to the dead letters. Losing it loses nothing: the ledger knows what is
// missing, and it is sent again.
import { randomUUID } from "node:crypto";
import { ERROR_NAMES } from "../contract.ts";
import type { Queue, QueueDepth } from "../migration/ports.ts";

export interface MemoryQueueSettings {
  /** A message that is neither acknowledged nor given back within this time is delivered again. */
  readonly visibilityTimeoutMs: number;
  /** Deliveries before a message is a dead letter. */
  readonly maxReceiveCount: number;
  /** Pause before the second delivery; doubles with each further one. */
  readonly retryDelayMs: number;
  readonly retryDelayMaxMs: number;
}

export interface Delivery {
  readonly messageId: string;
  readonly body: string;
  /** 1 for the first delivery. */
  readonly receiveCount: number;
  /** Of this delivery: a late answer to an earlier one is ignored. */
  readonly receipt: string;
}

export interface DeadLetter {
  readonly messageId: string;
  readonly body: string;
  readonly receiveCount: number;
  /** Name and message of the last error. */
  readonly reason: string;
}

interface Message {
  readonly messageId: string;
  readonly body: string;
  receiveCount: number;
  reason: string;
}

// Whoever throws these says that another try cannot help.
const HOPELESS: readonly string[] = [ERROR_NAMES.permanent, ERROR_NAMES.config];

/** First in, first out; nothing in here outlives the process. */
export class MemoryQueue implements Queue {
  readonly #settings: MemoryQueueSettings;
  readonly #waiting: Message[] = [];
  readonly #delayed = new Map<Message, NodeJS.Timeout>();
  readonly #inFlight = new Map<string, { readonly message: Message; readonly timer: NodeJS.Timeout }>();
  #dead: Message[] = [];
  #onVisible: () => void = () => {};

  constructor(settings: MemoryQueueSettings) {
    this.#settings = settings;
  }

  /** Called whenever there may be something to receive. */
  set onVisible(listener: () => void) {
    this.#onVisible = listener;
  }

  async send(bodies: readonly string[]): Promise<void> {
    for (const body of bodies) this.#show({ messageId: randomUUID(), body, receiveCount: 0, reason: "" });
  }

  async depth(): Promise<QueueDepth> {
    const waiting = this.#waiting.length + this.#delayed.size;
    return { waiting, inFlight: this.#inFlight.size, dead: this.#dead.length };
  }

  /** The next message, or null when none is visible. */
  receive(): Delivery | null {
    const message = this.#waiting.shift();
    if (message === undefined) return null;
    message.receiveCount++;
    const receipt = randomUUID();
    const timer = setTimeout(() => {
      this.#giveUp(receipt, "Nobody answered within the visibility timeout.");
    }, this.#settings.visibilityTimeoutMs).unref();
    this.#inFlight.set(receipt, { message, timer });
    const { messageId, body, receiveCount } = message;
    return { messageId, body, receiveCount, receipt };
  }

  /** The message is done with. */
  acknowledge(receipt: string): void {
    this.#land(receipt);
  }

  /** The message failed: it comes back after a pause, or is a dead letter. */
  fail(receipt: string, error: Error): void {
    const message = this.#land(receipt);
    if (message === null) return;
    message.reason = `${error.name}: ${error.message}`;
    const { maxReceiveCount, retryDelayMs, retryDelayMaxMs } = this.#settings;
    if (HOPELESS.includes(error.name) || message.receiveCount >= maxReceiveCount) this.#dead.push(message);
    else this.#delay(message, Math.min(retryDelayMaxMs, retryDelayMs * 2 ** (message.receiveCount - 1)));
  }

  deadLetters(): readonly DeadLetter[] {
    return this.#dead.map((message) => ({ ...message }));
  }

  /** Sends every dead letter again, as new; says how many. */
  redrive(): number {
    const dead = this.#dead;
    this.#dead = [];
    for (const message of dead) this.#show({ ...message, receiveCount: 0 });
    return dead.length;
  }

  #show(message: Message): void {
    this.#waiting.push(message);
    this.#onVisible();
  }

  #delay(message: Message, ms: number): void {
    const timer = setTimeout(() => {
      this.#delayed.delete(message);
      this.#show(message);
    }, ms).unref();
    this.#delayed.set(message, timer);
  }

  #giveUp(receipt: string, reason: string): void {
    const message = this.#land(receipt);
    if (message === null) return;
    message.reason = reason;
    if (message.receiveCount >= this.#settings.maxReceiveCount) this.#dead.push(message);
    else this.#show(message);
  }

  /** Ends a delivery; null when it had ended before. */
  #land(receipt: string): Message | null {
    const flight = this.#inFlight.get(receipt);
    if (flight === undefined) return null;
    clearTimeout(flight.timer);
    this.#inFlight.delete(receipt);
    return flight.message;
  }
}
