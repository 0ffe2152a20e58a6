// One request to Qdrant: its time limit, its retries, its answer.
import { Agent, request } from "undici";
import { TransientError } from "../migration/errors.ts";
import { prefixOf } from "./address.ts";
import { type Answer, errorOf } from "./answer.ts";
import { isDeadSocket, unreachable } from "./connection.ts";

export interface TransportOptions {
  /** Base address, port and path prefix included. */
  readonly base: URL;
  readonly apiKey: () => Promise<string | null>;
  readonly sleep: (ms: number) => Promise<void>;
  /** In [0, 1): spreads the retries of many functions. */
  readonly random: () => number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface Ask {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: string;
  /** What is attempted, for the error's sentence. */
  readonly what: string;
  /** Called before the request is sent again after a wait: what allowed it may be over by then. */
  readonly beforeRepeat?: () => Promise<void>;
  /** After this time the request is given up, whatever it waits for. */
  readonly timeoutMs?: number;
}

/** Given up by us: the server may or may not have done it. */
class TimedOut extends TransientError {}

const REQUEST_TIMEOUT_MS = 60_000;
// Of what has no limit of its own: connecting, waiting for the answer and reading it, each with its limit, twice.
const TOTAL_TIMEOUT_MS = 300_000;
const CONNECT_TIMEOUT_MS = 10_000;
// Longer waits belong to the queue, whose message costs nothing while it waits.
const PATIENCE_MS = 45_000;
// Added to Retry-After, never taken from it: functions that wait for one bucket must not return together.
const JITTER_SHARE = 0.25;
const JITTER_MIN_MS = 1000;

export class Transport {
  readonly #options: TransportOptions;
  #waitedMs = 0;
  readonly #agent = new Agent({
    connections: 8,
    keepAliveTimeout: 10_000,
    connect: { timeout: CONNECT_TIMEOUT_MS },
  });

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /** Milliseconds waited so far because the server asked for it, over all requests. */
  get waitedMs(): number {
    return this.#waitedMs;
  }

  /**
   * The answer's text. Statuses that are an answer and not an error are named by `accept`.
   * Every request that comes here may be repeated: reads, and writes of whole points.
   */
  async ask(
    ask: Ask,
    accept: readonly number[] = [],
  ): Promise<{ readonly status: number; readonly text: string }> {
    let patienceMs = PATIENCE_MS;
    for (;;) {
      const answer = await this.#trySend(ask, patienceMs);
      if (answer === null) {
        patienceMs -= ask.timeoutMs ?? 0;
        await ask.beforeRepeat?.();
        continue;
      }
      if (answer.status < 300 || accept.includes(answer.status)) return answer;
      const waitMs = answer.status === 429 ? this.#waitMs(answer.retryAfter) : null;
      if (waitMs === null || waitMs > patienceMs) throw errorOf(ask.what, answer);
      patienceMs -= waitMs;
      await this.#options.sleep(waitMs);
      this.#waitedMs += waitMs;
      await ask.beforeRepeat?.();
    }
  }

  /** Retry-After is whole seconds, or behind a proxy a date; null without it. */
  #waitMs(header: string | null): number | null {
    if (header === null) return null;
    const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - this.#options.now();
    if (!Number.isFinite(ms)) return null;
    const leastMs = Math.max(0, ms);
    return leastMs + this.#options.random() * Math.max(JITTER_MIN_MS, leastMs * JITTER_SHARE);
  }

  /** Null: given up after its time, and to be sent again. */
  async #trySend(ask: Ask, patienceMs: number): Promise<Answer | null> {
    try {
      return await this.#send(ask);
    } catch (error) {
      const isRepeated = ask.beforeRepeat !== undefined && patienceMs >= (ask.timeoutMs ?? 0);
      if (error instanceof TimedOut && isRepeated) return null;
      throw error;
    }
  }

  async #send(ask: Ask): Promise<Answer> {
    const { base, apiKey } = this.#options;
    const signal = AbortSignal.timeout(ask.timeoutMs ?? TOTAL_TIMEOUT_MS);
    // Outside the retries: a secret that cannot be read is not Qdrant's fault.
    const key = await apiKey();
    try {
      return await this.#sendOnce(ask, key, signal);
    } catch (error) {
      if (signal.aborted) throw givenUp(ask);
      if (!isDeadSocket(error)) throw unreachable(ask.what, base, error);
    }
    try {
      return await this.#sendOnce(ask, key, signal);
    } catch (error) {
      if (signal.aborted) throw givenUp(ask);
      throw unreachable(ask.what, base, error);
    }
  }

  async #sendOnce({ method, path, body }: Ask, key: string | null, signal: AbortSignal): Promise<Answer> {
    const { base } = this.#options;
    const {
      statusCode,
      headers,
      body: stream,
    } = await request(new URL(prefixOf(base) + path, base), {
      method,
      signal,
      dispatcher: this.#agent,
      headers: {
        ...(key === null ? {} : { "api-key": key }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body }),
      headersTimeout: REQUEST_TIMEOUT_MS,
      bodyTimeout: REQUEST_TIMEOUT_MS,
    });
    const retryAfter = headers["retry-after"];
    return {
      status: statusCode,
      text: await stream.text(),
      retryAfter: typeof retryAfter === "string" ? retryAfter : null,
    };
  }
}

const givenUp = ({ what, timeoutMs = TOTAL_TIMEOUT_MS }: Ask): TimedOut =>
  new TimedOut(`Could not ${what}: Qdrant did not answer within ${timeoutMs / 1000} s.`);
