import { ERROR_NAMES } from "../src/contract.ts";

/** Exit codes of every verb. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  /** Ctrl-C: nothing is lost, the same command goes on. */
  stopped: 130,
} as const;

/** By the error's name: it crosses processes, classes do not. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof Error)) return EXIT.failed;
  if (error.name === ERROR_NAMES.refused) return EXIT.refused;
  return error.name === ERROR_NAMES.config ? EXIT.usage : EXIT.failed;
}

const EXPECTED: readonly string[] = Object.values(ERROR_NAMES);

/** Errors made for people are their sentence; anything else is a bug and shows where it comes from. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return `Error: ${String(error)}`;
  return EXPECTED.includes(error.name) ? `Error: ${error.message}` : (error.stack ?? String(error));
}
