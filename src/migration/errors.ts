import { ERROR_NAMES } from "../contract.ts";

/** Facts a person or a log line needs beside the sentence. Never text of a memory, never a key. */
export type ErrorFields = Readonly<Record<string, string | number | boolean | null>>;

interface ErrorOptionsWithFields {
  readonly cause?: unknown;
  readonly fields?: ErrorFields;
}

export abstract class RemasterError extends Error {
  readonly fields: ErrorFields;

  constructor(message: string, options: ErrorOptionsWithFields = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.fields = options.fields ?? {};
  }
}

/** The outside failed in a way that passes: the message stays on its queue, the state is retried. */
export class TransientError extends RemasterError {
  override readonly name = ERROR_NAMES.transient;
}

/** Trying again cannot help: dead-letter queue. */
export class PermanentError extends RemasterError {
  override readonly name = ERROR_NAMES.permanent;
}

/** A guard said no; nothing was changed. The message says what was found and what to do. */
export class RefusedError extends RemasterError {
  override readonly name = ERROR_NAMES.refused;
}

/** Wrong settings or a wrong request; nobody retries. */
export class ConfigError extends RemasterError {
  override readonly name = ERROR_NAMES.config;
}
