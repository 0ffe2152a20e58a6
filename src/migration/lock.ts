import { RefusedError } from "./errors.ts";
import { lockKey } from "./keys.ts";
import type { Executions, Ledger } from "./ports.ts";
import { createOnce, readStored, updateStored } from "./stored.ts";

/** `locks/<source>.json`: which execution works on a source, and which migration is its current one. */
export interface Lock {
  readonly v: 1;
  readonly source: string;
  /** Execution that holds the lock; null when nobody does. */
  readonly owner: string | null;
  /** Counts take-overs. */
  readonly epoch: number;
  readonly migration: string | null;
}

export const readLock = (ledger: Ledger, source: string): Promise<Lock | null> =>
  readStored<Lock>(ledger, lockKey(source));

/**
 * Takes the lock of a source. An owner whose execution is closed (finished, or killed) is taken over.
 * Twice by the same execution is harmless: it holds the lock already.
 * @throws RefusedError when another execution is at work, with its name.
 */
export async function acquireLock(
  outside: { readonly ledger: Ledger; readonly executions: Executions },
  source: string,
  execution: string,
): Promise<Lock> {
  const free: Lock = { v: 1, source, owner: execution, epoch: 1, migration: null };
  const found = await createOnce(outside.ledger, lockKey(source), free);
  if (found.owner === execution) return found;
  const closed = found.owner === null || !(await outside.executions.isOpen(found.owner));
  return updateStored<Lock>(outside.ledger, lockKey(source), (lock) => {
    const mayTake = lock.owner === null || lock.owner === execution || (closed && lock.owner === found.owner);
    if (!mayTake)
      throw new RefusedError(
        `Another run is at work on collection ${source}: ${lock.owner}. Nothing was changed; wait until it ends, or stop it first.`,
        { fields: { collection: source, owner: lock.owner } },
      );
    return lock.owner === execution ? null : { ...lock, owner: execution, epoch: lock.epoch + 1 };
  });
}

/**
 * Names the current migration of a source in its lock.
 * @throws RefusedError when the lock is another execution's by now: the last call of a stopped run may come late.
 */
export function setLockMigration(
  ledger: Ledger,
  source: string,
  { migration, execution }: { readonly migration: string; readonly execution: string },
): Promise<Lock> {
  return updateStored<Lock>(ledger, lockKey(source), (lock) => {
    if (lock.owner !== execution)
      throw new RefusedError(
        `Run ${execution} does not hold the lock of ${source} any more (${lock.owner ?? "nobody"} does), so its plan is dropped. Nothing was changed.`,
        { fields: { collection: source, owner: lock.owner } },
      );
    return lock.migration === migration ? null : { ...lock, migration };
  });
}

/** Gives the lock back; a lock that somebody else holds is left alone. */
export async function releaseLock(ledger: Ledger, source: string, execution: string): Promise<boolean> {
  if ((await readLock(ledger, source)) === null) return false;
  let held = false;
  await updateStored<Lock>(ledger, lockKey(source), (lock) => {
    held = lock.owner === execution;
    return held ? { ...lock, owner: null } : null;
  });
  return held;
}
