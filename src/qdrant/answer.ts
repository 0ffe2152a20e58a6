// What an answer of Qdrant that is not a success means. Decided by status, never by a message's text, but for the
// one fault that shares its status with all others (a body over the server's limit is a 400).
import { PermanentError, RefusedError, TransientError } from "../migration/errors.ts";

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The header `Retry-After` as it came. */
  readonly retryAfter: string | null;
}

/** The server will never take this request as a whole; smaller ones it may. */
export class TooLargeError extends PermanentError {}

/**
 * RefusedError: the key. TooLargeError: split it. TransientError: later. PermanentError: never.
 * All carry `fields.status`.
 */
export function errorOf(what: string, answer: Answer): Error {
  const { status } = answer;
  const message = `Could not ${what}: Qdrant answered ${status}.${serverSentence(answer.text)}`;
  const options = { fields: { status } };
  if (status === 401 || status === 403)
    return new RefusedError(`${message} Check the API key and what it may do.`, options);
  if (isTooLarge(answer)) return new TooLargeError(message, options);
  // Read timeouts and a lost quorum are 500 here, so every 5xx may pass; each request may be repeated.
  if (status === 429 || status === 408 || status >= 500) return new TransientError(message, options);
  if (status >= 300 && status < 400)
    return new PermanentError(`${message} Redirects are not followed: give the address itself.`, options);
  return new PermanentError(message, options);
}

/** A 429 without Retry-After is a request larger than the whole allowance: it would be refused for ever. */
function isTooLarge({ status, text, retryAfter }: Answer): boolean {
  if (status === 413 || (status === 429 && retryAfter === null)) return true;
  return status === 400 && /larger than allowed/.test(text);
}

// Faults that name collections, limits, sizes and keys alone. Any other sentence might quote a payload.
const SAYABLE = [
  "Not found: Collection",
  "Wrong input: Vector dimension error",
  "Wrong input: Not existing vector name",
  "Wrong input: Collection",
  "Wrong input: Shard key",
  "Bad request: Shard key",
  "Bad request: Limit exceeded",
  "Bad request: Collection",
  "Bad request: Sharding key",
  "Bad request: Exact search disabled",
  "Bad request: Sparse vector",
  "Forbidden:",
  "Rate limiting exceeded:",
];
const SENTENCE_CHARACTERS = 200;

/** The server's own words, where they cannot hold anybody's text. */
function serverSentence(text: string): string {
  const sentence = statusError(text);
  if (!SAYABLE.some((start) => sentence.startsWith(start))) return "";
  return ` ${sentence.slice(0, SENTENCE_CHARACTERS).replace(/[.\s]*$/, ".")}`;
}

function statusError(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null || !("status" in parsed)) return "";
    const { status } = parsed;
    return typeof status === "object" && status !== null && "error" in status ? String(status.error) : "";
  } catch {
    return "";
  }
}

/** A 400 that is not about the size of a request. */
export const isPlainRefusal = (error: unknown): error is PermanentError =>
  error instanceof PermanentError && !(error instanceof TooLargeError) && error.fields.status === 400;
