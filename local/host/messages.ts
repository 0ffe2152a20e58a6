// What the host and its worker processes say to each other. Events and answers travel as JSON text, as to Lambda.

/** Host to worker: one call. */
export interface Call {
  readonly kind: "call";
  readonly requestId: string;
  readonly event: string;
  /** Milliseconds since 1970 at which the process is killed. */
  readonly deadline: number;
}

/** Worker to host: the end of a call. */
export type Answer =
  | { readonly kind: "answer"; readonly requestId: string; readonly answer: string }
  | { readonly kind: "answer"; readonly requestId: string; readonly error: ErrorText };

export interface ErrorText {
  readonly name: string;
  readonly message: string;
  /** Facts beside the sentence, see `src/migration/errors.ts`. */
  readonly fields: object | null;
  readonly stack: string | null;
}

export const isCall = (message: unknown): message is Call => isKind(message, "call");
export const isAnswer = (message: unknown): message is Answer => isKind(message, "answer");

/** Both ends are this program: the kind is enough. */
const isKind = (message: unknown, kind: string): boolean =>
  typeof message === "object" && message !== null && "kind" in message && message.kind === kind;

export function encodeError(thrown: unknown): ErrorText {
  if (!(thrown instanceof Error))
    return { name: "Error", message: String(thrown), fields: null, stack: null };
  const { name, message, stack } = thrown;
  const fields = "fields" in thrown && typeof thrown.fields === "object" ? thrown.fields : null;
  return { name, message, fields, stack: stack ?? null };
}

/** An error with the name, message, fields and stack of the one in the other process. Its class stayed there. */
export function decodeError({ name, message, fields, stack }: ErrorText): Error {
  const error = namedError(name, message);
  if (stack !== null) error.stack = stack;
  return fields === null ? error : Object.assign(error, { fields });
}

export function namedError(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}
