// A snapshot of the old collection before it is deleted. Qdrant makes it in the background and keeps the file on its
// disk also when the collection is gone; what counts is that it is in the server's list.
import { DEFAULTS } from "../defaults.ts";
import type { SwapOutside } from "./cutover.ts";
import { RefusedError } from "./errors.ts";
import { ownName, readPlan } from "./plan.ts";
import type { Snapshot } from "./ports.ts";
import { readState, updateState } from "./state.ts";

/** Asked for at `askedAt`; `taken` once the server lists it. */
export interface SnapshotAsked {
  readonly askedAt: number;
  /** Snapshots that were there before. */
  readonly before: readonly string[];
  /** False until the server has taken the request: a run that was killed in between asks again. */
  readonly isSent: boolean;
  readonly taken: Snapshot | null;
}

const HOUR_MS = 3_600_000;
const LONGEST_MS = DEFAULTS.snapshotHoursMax * HOUR_MS;

/**
 * Asks for a snapshot, or looks whether the one that was asked for is finished. Twice is harmless: what was asked for
 * within the last hour is not asked for again.
 * @returns null while the server is making it.
 * @throws RefusedError where the server cannot, or where it would hold a part only. After a day it is asked for anew.
 */
export async function takeSnapshot(outside: SwapOutside, migration: string): Promise<Snapshot | null> {
  const { qdrant, ledger, clock } = outside;
  const [plan, state] = [await readPlan(ledger, migration), await readState(ledger, migration)];
  const { collection } = plan.source;
  const asked = state.snapshot ?? null;
  const now = clock.now();
  if (asked?.taken != null && now - asked.askedAt < HOUR_MS) return asked.taken;
  const isOld = asked === null || asked.taken !== null || now - asked.askedAt > LONGEST_MS;
  if (isOld || !asked.isSent) {
    await refusePart(outside, collection);
    const before = isOld ? (await qdrant.snapshots(collection)).map(({ name }) => name) : asked.before;
    const snapshot = { askedAt: now, before, isSent: false, taken: null };
    // Before it is asked for: whatever happens next, the new one is told from the old ones.
    await updateState(ledger, { migration, now }, () => ({ snapshot }));
    await qdrant.askForSnapshot(collection);
    await updateState(ledger, { migration, now }, () => ({ snapshot: { ...snapshot, isSent: true } }));
    return null;
  }
  const taken = (await qdrant.snapshots(collection)).find(({ name }) => !asked.before.includes(name)) ?? null;
  if (taken === null) return null;
  refuseOther(taken, ownName(plan));
  await updateState(ledger, { migration, now }, () => ({ snapshot: { ...asked, taken } }));
  return taken;
}

async function refusePart({ qdrant }: SwapOutside, collection: string): Promise<void> {
  const elsewhere = await qdrant.remoteShards(collection);
  if (elsewhere === 0) return;
  throw new RefusedError(
    `${collection} is not deleted: ${elsewhere} of its shards are on other nodes, and a snapshot would hold this node's part only. Make a backup of the cluster first (Qdrant Cloud: Backups), then run cleanup without snapshot.`,
    { fields: { collection } },
  );
}

/** A snapshot's name begins with its collection's own: another one must not pass for it. */
function refuseOther({ name }: Snapshot, own: string): void {
  if (name.startsWith(`${own}-`)) return;
  throw new RefusedError(
    `${own} is not deleted: the new snapshot ${name} is not one of ${own}. Look at the collection's snapshots, then try again.`,
    { fields: { collection: own } },
  );
}

/** Where the old collection can be brought back from. */
export const saySnapshot = ({ name, sizeBytes, checksum }: Snapshot): string =>
  ` A snapshot of it was taken first: ${name} (${(sizeBytes / 2 ** 20).toFixed(1)} MiB${checksum === null ? "" : `, sha256 ${checksum}`}), on the server's disk (docs/workflow.md says how to bring it back).`;
