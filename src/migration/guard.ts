// A write may be sent while its run still goes that way. What allowed it must be fresh: the drain of a swap is
// longer than the oldest permission and the longest write together (DEFAULTS.drainSeconds).
import { DEFAULTS } from "../defaults.ts";
import { TransientError } from "./errors.ts";
import { readPlan, sidesOf } from "./plan.ts";
import type { Clock, Ledger, Qdrant } from "./ports.ts";
import { type MigrationState, readState } from "./state.ts";

const READS_MAX = 4;

/**
 * The state as it was at most `guardSecondsMax` ago, however long the ledger's answer took.
 * @throws TransientError when every answer came too late to act on.
 */
export async function readFreshState(
  { ledger, clock }: { readonly ledger: Ledger; readonly clock: Clock },
  migration: string,
): Promise<MigrationState> {
  for (let read = 0; read < READS_MAX; read++) {
    const askedAt = clock.now();
    const state = await readState(ledger, migration);
    if (clock.now() - askedAt <= DEFAULTS.guardSecondsMax * 1000) return state;
  }
  throw new TransientError(
    `The ledger took longer than ${DEFAULTS.guardSecondsMax} s to answer ${READS_MAX} times in a row; nothing is written on an old permission.`,
    { fields: { migration } },
  );
}

/**
 * Before the last look of a swap: what the server has taken in for the side that only we write must be applied and
 * visible. A write that was given up by its sender may still stand in the server's own queue.
 * @throws TransientError while it does; the state is tried again, and writes stay held meanwhile.
 */
export async function refuseWhileApplying(
  { qdrant, ledger }: { readonly qdrant: Qdrant; readonly ledger: Ledger },
  migration: string,
): Promise<void> {
  const state = await readState(ledger, migration);
  if (state.phase !== "swap") return;
  const { collection } = sidesOf(await readPlan(ledger, migration), state.direction).to;
  const info = await qdrant.collection(collection);
  if (info === null || info.updateQueueLength + info.deferredPoints === 0) return;
  throw new TransientError(
    `Qdrant is still applying writes to ${collection} (${info.updateQueueLength} in its queue, ${info.deferredPoints} not visible yet); the last look waits for them.`,
    { fields: { collection } },
  );
}
