// What a failed call to an AWS service means to the story. By status and error code, never by message text.
import { ConfigError, type ErrorFields, PermanentError, TransientError } from "./migration/errors.ts";

/**
 * The error to throw for a failed call.
 * @param attempted What was attempted on what, e.g. `Reading locks/a.json from bucket b`.
 */
export function failureOf(error: unknown, attempted: string): Error {
  const { name, status, isConnection } = factsOf(error);
  const fields: ErrorFields = { error: name, status };
  const options = { cause: error, fields };
  if (name === "CredentialsProviderError" || status === 401 || status === 403 || isMissing(name))
    return new ConfigError(
      `${attempted} was refused: ${name}. Check the permissions and the name; nobody tries again by itself.`,
      options,
    );
  if (
    isConnection ||
    status === null ||
    status === 408 ||
    status === 429 ||
    status >= 500 ||
    isSlowDown(name)
  )
    return new TransientError(`${attempted} failed: ${name}. It will be tried again.`, options);
  return new PermanentError(`${attempted} was refused: ${name}, status ${status}.`, options);
}

/** The service's own name of the error (`PreconditionFailed`), or the JavaScript one. */
export const errorNameOf = (error: unknown): string => factsOf(error).name;

export const statusOf = (error: unknown): number | null => factsOf(error).status;

/** How often the SDK sent the request: more than once, an earlier answer may have been lost. */
export const attemptsOf = (error: unknown): number => factsOf(error).attempts;

interface Facts {
  readonly name: string;
  readonly status: number | null;
  readonly attempts: number;
  /** Nothing was answered at all. */
  readonly isConnection: boolean;
}

function factsOf(error: unknown): Facts {
  const metadata = error instanceof Error && "$metadata" in error ? error.$metadata : null;
  const numberAt = (key: string): number | null => {
    const value = typeof metadata === "object" && metadata !== null ? Reflect.get(metadata, key) : null;
    return typeof value === "number" ? value : null;
  };
  const status = numberAt("httpStatusCode");
  return {
    name: error instanceof Error ? error.name : "unknown error",
    status,
    attempts: numberAt("attempts") ?? 1,
    isConnection: status === null,
  };
}

const isMissing = (name: string): boolean =>
  ["NoSuchBucket", "QueueDoesNotExist", "ResourceNotFoundException"].includes(name);

// Some services throttle with status 400.
const isSlowDown = (name: string): boolean => /Throttl|SlowDown|TooManyRequests|RequestTimeout/.test(name);
