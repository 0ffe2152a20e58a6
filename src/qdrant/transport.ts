// One request to Qdrant, and what its answer means. Decided by status, never by a message's text, but for the one
// fault that shares its status with all others (a body over the server's limit is a 400).
import { Agent, request } from "undici";
import { PermanentError, RefusedError, TransientError } from "../migration/errors.ts";

export interface TransportOptions {
  /** Base address, port and path prefix included. */
  readonly base: URL;
  readonly apiKey: () => Promise<string | null>;
  readonly sleep: (ms: number) => Promise<void>;
  /** In [0, 1): spreads the retries of many functions. */
  readonly random: () => number;
}

export interface Ask {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: string;
  /** What is attempted, for the error's sentence. */
  readonly what: string;
}

/** The server will never take this request as a whole; smaller ones it may. */
export class TooLargeError extends PermanentError {}

const REQUEST_TIMEOUT_MS = 60_000;
// Longer waits belong to the queue, whose message costs nothing while it waits.
const RETRY_AFTER_PATIENCE_MS = 45_000;

export class Transport {
  readonly #options: TransportOptions;
  readonly #agent = new Agent({ connections: 8, keepAliveTimeout: 10_000, connect: { timeout: 10_000 } });

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /** The answer's text. Statuses that are an answer and not an error are named by `accept`. */
  async ask(
    ask: Ask,
    accept: readonly number[] = [],
  ): Promise<{ readonly status: number; readonly text: string }> {
    let patienceMs = RETRY_AFTER_PATIENCE_MS;
    for (;;) {
      const answer = await this.#send(ask);
      if (answer.status < 300 || accept.includes(answer.status)) return answer;
      const waitMs = answer.status === 429 ? this.#retryAfterMs(answer.retryAfter) : null;
      if (waitMs === null || waitMs > patienceMs) throw errorOf(ask, answer);
      patienceMs -= waitMs;
      await this.#options.sleep(waitMs);
    }
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }

  /** Whole seconds, and up to a second more so that waiting functions do not return together; null without a header. */
  #retryAfterMs(header: string | null): number | null {
    const seconds = header === null ? Number.NaN : Number(header);
    return Number.isFinite(seconds) ? seconds * 1000 + this.#options.random() * 1000 : null;
  }

  async #send(ask: Ask): Promise<Answer> {
    try {
      return await this.#sendOnce(ask);
    } catch (error) {
      // After a pause the first request may meet a dead socket. Every request here may be repeated.
      if (!isDeadSocket(error)) throw unreachable(ask, this.#options.base, error);
    }
    try {
      return await this.#sendOnce(ask);
    } catch (error) {
      throw unreachable(ask, this.#options.base, error);
    }
  }

  async #sendOnce({ method, path, body }: Ask): Promise<Answer> {
    const { base, apiKey } = this.#options;
    const key = await apiKey();
    const {
      statusCode,
      headers,
      body: stream,
    } = await request(new URL(base.pathname.replace(/\/$/, "") + path, base), {
      method,
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

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | null;
}

const codeOf = (error: unknown): string => {
  if (typeof error !== "object" || error === null) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  return "cause" in error ? codeOf(error.cause) : "";
};

const isDeadSocket = (error: unknown): boolean =>
  ["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"].includes(codeOf(error));

const unreachable = ({ what }: Ask, base: URL, cause: unknown): TransientError =>
  new TransientError(
    `Could not ${what}: Qdrant at ${base.origin} did not answer (${codeOf(cause) || "no reason given"}).`,
    {
      cause,
      fields: { code: codeOf(cause) },
    },
  );

// Long enough for the server's sentence, too short for a payload it might quote.
const MESSAGE_CHARACTERS = 200;

/** Only what the server says of limits, names and keys; a body error may quote a payload and is left out. */
function serverSentence({ text, status }: Answer): string {
  if (status === 422) return "";
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null || !("status" in parsed)) return "";
    const inner = parsed.status;
    if (typeof inner !== "object" || inner === null || !("error" in inner)) return "";
    const sentence = String(inner.error);
    return sentence.startsWith("Format error") ? "" : ` ${sentence.slice(0, MESSAGE_CHARACTERS)}`;
  } catch {
    return "";
  }
}

function errorOf({ what }: Ask, answer: Answer): Error {
  const { status, text, retryAfter } = answer;
  const message = `Could not ${what}: Qdrant answered ${status}.${serverSentence(answer)}`;
  const options = { fields: { status } };
  if (status === 401 || status === 403)
    return new RefusedError(`${message} Check the API key and what it may do.`, options);
  // 429 without Retry-After: the request is larger than the whole allowance and would be refused for ever.
  if (
    status === 413 ||
    (status === 429 && retryAfter === null) ||
    (status === 400 && /larger than allowed/.test(text))
  )
    return new TooLargeError(message, options);
  if (status === 429 || status === 408 || status >= 500) return new TransientError(message, options);
  if (status >= 300 && status < 400)
    return new PermanentError(`${message} Redirects are not followed: give the address itself.`, options);
  return new PermanentError(message, options);
}
