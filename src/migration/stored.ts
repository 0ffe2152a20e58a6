// Reading and writing versioned JSON objects of the ledger.
import { FORMAT_VERSION } from "../contract.ts";
import { PermanentError, TransientError } from "./errors.ts";
import { keepSpelling } from "./number.ts";
import type { Ledger } from "./ports.ts";

interface Versioned {
  readonly v: number;
}

export function encodeStored(value: Versioned): string {
  return JSON.stringify(value);
}

/**
 * The ledger is written by Remaster alone, so a parsed object is what this version's writer put there.
 * @throws PermanentError for an object of another format version.
 */
export function parseStored<T extends Versioned>(key: string, body: string): T {
  // A plan carries a collection's metadata, whose numbers are not ours to respell.
  const value: T = JSON.parse(body, keepSpelling);
  if (value.v !== FORMAT_VERSION)
    throw new PermanentError(
      `Ledger object ${key} has format ${value.v}, this program reads ${FORMAT_VERSION}; finish the migration with the version that began it.`,
    );
  return value;
}

export async function readStored<T extends Versioned>(ledger: Ledger, key: string): Promise<T | null> {
  const found = await ledger.read(key);
  return found === null ? null : parseStored<T>(key, found.body);
}

/** Like `readStored`, for objects that an earlier step must have written. */
export async function readExisting<T extends Versioned>(ledger: Ledger, key: string): Promise<T> {
  const found = await readStored<T>(ledger, key);
  if (found === null)
    throw new PermanentError(
      `Ledger object ${key} is missing although an earlier step wrote it. This is a bug.`,
    );
  return found;
}

/** Writes the object unless one is there already; returns what is there now: the first write wins. */
export async function createOnce<T extends Versioned>(ledger: Ledger, key: string, value: T): Promise<T> {
  if (await ledger.create(key, encodeStored(value))) return value;
  return readExisting<T>(ledger, key);
}

/**
 * Reads, changes and writes back until no one else wrote in between.
 * `change` may run several times and returns null to leave the object as it is.
 */
export async function updateStored<T extends Versioned>(
  ledger: Ledger,
  key: string,
  change: (current: T) => T | null,
): Promise<T> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const found = await ledger.read(key);
    if (found === null)
      throw new PermanentError(
        `Ledger object ${key} is missing although an earlier step wrote it. This is a bug.`,
      );
    const current = parseStored<T>(key, found.body);
    const changed = change(current);
    if (changed === null) return current;
    if (await ledger.replace(key, encodeStored(changed), found.version)) return changed;
  }
  throw new TransientError(
    `Ledger object ${key} was written by others 50 times in a row; trying again later.`,
  );
}
