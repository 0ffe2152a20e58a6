// What a failed call to an AWS service means to the story. By status and error code, never by message text.
import { ConfigError, type ErrorFields, PermanentError, TransientError } from "./migration/errors.ts";

// The JSON services answer status 400 to almost everything, and say what they mean by the code alone.
const NOT_ALLOWED =
  /AccessDenied|NotAuthorized|UnrecognizedClient|InvalidClientToken|ExpiredToken|Credentials/;
const NOT_THERE = /^(NoSuchBucket|QueueDoesNotExist|ResourceNotFoundException)$/;
const SLOW_DOWN = /Throttl|SlowDown|TooManyRequests|RequestTimeout/;

/**
 * The error to throw for a failed call.
 * @param attempted What was attempted on what, e.g. `Reading locks/a.json from bucket b`.
 */
export function failureOf(error: unknown, attempted: string): Error {
  const name = errorNameOf(error);
  const status = statusOf(error);
  const fields: ErrorFields = { error: name, status };
  const options = { cause: error, fields };
  if (status === 401 || status === 403 || NOT_ALLOWED.test(name) || NOT_THERE.test(name))
    return new ConfigError(
      `${attempted} was refused: ${name}. Check its name and what this role may do.`,
      options,
    );
  // Without a status nothing was answered at all.
  if (status === null || status === 408 || status === 429 || status >= 500 || SLOW_DOWN.test(name))
    return new TransientError(`${attempted} failed: ${name}. It will be tried again.`, options);
  return new PermanentError(`${attempted} was refused: ${name}, status ${status}.`, options);
}

/** The service's own name of the error, e.g. `PreconditionFailed`. */
export const errorNameOf = (error: unknown): string =>
  error instanceof Error ? error.name : "unknown error";

/** HTTP status of the last answer; null when there was none. */
export const statusOf = (error: unknown): number | null => metadataOf(error, "httpStatusCode");

/** How often the SDK sent the request: more than once, an earlier answer may have been lost. */
export const attemptsOf = (error: unknown): number => metadataOf(error, "attempts") ?? 1;

function metadataOf(error: unknown, key: string): number | null {
  const metadata = error instanceof Error && "$metadata" in error ? error.$metadata : null;
  const value: unknown =
    typeof metadata === "object" && metadata !== null ? Reflect.get(metadata, key) : null;
  return typeof value === "number" ? value : null;
}
