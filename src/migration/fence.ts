// A short stop of upserts to the side that is the truth, so that writers who know nothing of us cannot slip in
// between the last look and the swap. Strict mode does it: a largest batch of 0 points refuses every upsert and
// lets deletions and payload patches through.
import { RefusedError } from "./errors.ts";
import { readPlan, sidesOf } from "./plan.ts";
import type { Clock, CollectionInfo, JsonObject, Ledger, Qdrant } from "./ports.ts";
import { type MigrationState, readState, updateState } from "./state.ts";

export interface Fence {
  readonly collection: string;
  /** Strict mode as it was. */
  readonly isEnabled: boolean;
  readonly upsertMaxBatchsize: number | null;
  readonly since: number;
  readonly maxSeconds: number;
}

interface FenceOutside {
  readonly qdrant: Qdrant;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

// A PATCH cannot clear a value, so one that nobody meets is written over the fence's 0.
const UNFENCED = 100_000;

/**
 * Twice is harmless: what was there before is noted once, before anything is changed.
 * @throws RefusedError where turning strict mode on would bring limits to life that lie dormant.
 */
export async function raiseFence(
  outside: FenceOutside,
  migration: string,
  maxSeconds: number,
): Promise<void> {
  if (maxSeconds === 0) return;
  const { qdrant, ledger, clock } = outside;
  const [plan, state] = [await readPlan(ledger, migration), await readState(ledger, migration)];
  if (state.fence !== null) return;
  const { collection } = sidesOf(plan, state.direction).from;
  const info = await qdrant.collection(collection);
  const strict = info === null ? {} : strictModeOf(info);
  const isEnabled = strict.enabled === true;
  const dormant = Object.keys(strict).filter((name) => name !== "enabled" && name !== "upsert_max_batchsize");
  if (!isEnabled && dormant.length > 0)
    throw new RefusedError(
      `${collection} cannot be fenced: its strict mode is off, and turning it on would enforce ${dormant.join(", ")} on readers. Pause the writers yourself, or leave maxFenceSeconds out. The alias is untouched.`,
      { fields: { collection } },
    );
  const before = strict.upsert_max_batchsize;
  const upsertMaxBatchsize = typeof before === "number" ? before : null;
  const fence: Fence = { collection, isEnabled, upsertMaxBatchsize, since: clock.now(), maxSeconds };
  await updateState(ledger, { migration, now: clock.now() }, (now) =>
    now.fence === null ? { fence } : null,
  );
  await qdrant.updateCollection(collection, {
    strict_mode_config: { enabled: true, upsert_max_batchsize: 0 },
  });
}

/** Puts strict mode back. Twice is harmless; a collection that is gone needs nothing. */
export async function liftFence({ qdrant, ledger, clock }: FenceOutside, migration: string): Promise<void> {
  const { fence } = await readState(ledger, migration);
  if (fence === null) return;
  const { collection, isEnabled, upsertMaxBatchsize } = fence;
  if ((await qdrant.collection(collection)) !== null)
    await qdrant.updateCollection(collection, {
      strict_mode_config: { enabled: isEnabled, upsert_max_batchsize: upsertMaxBatchsize ?? UNFENCED },
    });
  await updateState(ledger, { migration, now: clock.now() }, () => ({ fence: null }));
}

/** @throws RefusedError when the last look took longer than writers may be stopped; whoever catches it lifts the fence. */
export function refuseLateFence({ fence }: MigrationState, now: number): void {
  if (fence === null || now - fence.since <= fence.maxSeconds * 1000) return;
  throw new RefusedError(
    `The last look took longer than maxFenceSeconds (${fence.maxSeconds}); writers may write to ${fence.collection} again and the alias is untouched. Try at a quieter time, or allow more seconds.`,
    { fields: { collection: fence.collection } },
  );
}

function strictModeOf(info: CollectionInfo): JsonObject {
  const strict = info.config.strict_mode_config;
  if (typeof strict !== "object" || strict === null || Array.isArray(strict)) return {};
  return Object.fromEntries(Object.entries(strict).filter(([, value]) => value !== null));
}
