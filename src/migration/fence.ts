// A short stop of upserts to the side that is the truth, so that writers who know nothing of us cannot slip in
// between the last look and the swap. Strict mode does it: a largest batch of 0 points refuses every upsert and
// lets deletions and payload patches through.
import { RefusedError, TransientError } from "./errors.ts";
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
  /** Noted before anything is changed, and when all is as it was: a call that was killed is known by it. */
  readonly stage: "raised" | "lifting" | "lifted";
}

interface FenceOutside {
  readonly qdrant: Qdrant;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/** A PATCH cannot clear a value, so one that nobody meets is written over the fence's 0. */
export const UNFENCED = 100_000;

/**
 * Twice is harmless: what was there before is noted once, before anything is changed.
 * @throws RefusedError where turning strict mode on would bring limits to life that lie dormant.
 * @throws TransientError when the swap it is for is over.
 */
export async function raiseFence(
  outside: FenceOutside,
  migration: string,
  maxSeconds: number,
): Promise<void> {
  if (maxSeconds === 0) return;
  const { qdrant, ledger } = outside;
  const fence = await noteFence(outside, migration, maxSeconds);
  await qdrant.updateCollection(fence.collection, {
    strict_mode_config: { enabled: true, upsert_max_batchsize: 0 },
  });
  // A call that was thought dead may come here when its swap is over: nobody else would lift what it raised.
  const now = await readState(ledger, migration);
  if (now.phase === "swap" && now.fence?.stage === "raised") return;
  await putBack(qdrant, fence);
  throw overSwap(fence.collection);
}

/** The fence as the ledger knows it; one that a call before noted is raised once more, because that may have died. */
async function noteFence(outside: FenceOutside, migration: string, maxSeconds: number): Promise<Fence> {
  const { qdrant, ledger, clock } = outside;
  const [plan, state] = [await readPlan(ledger, migration), await readState(ledger, migration)];
  if (state.fence?.stage === "raised") return state.fence;
  const { collection } = sidesOf(plan, state.direction).from;
  const before = await strictModeBefore(qdrant, collection, state.fence);
  const since = clock.now();
  const fence: Fence = { collection, ...before, since, maxSeconds, stage: "raised" };
  const noted = await updateState(ledger, { migration, now: since }, (now) =>
    now.phase === "swap" && now.fence?.stage !== "raised" ? { fence } : null,
  );
  if (noted.phase !== "swap" || noted.fence === null) throw overSwap(collection);
  return noted.fence;
}

const overSwap = (collection: string) =>
  new TransientError(`The swap for which ${collection} was to be fenced is over.`, {
    fields: { collection },
  });

type Before = Pick<Fence, "isEnabled" | "upsertMaxBatchsize">;

async function strictModeBefore(qdrant: Qdrant, collection: string, last: Fence | null): Promise<Before> {
  const info = await qdrant.collection(collection);
  const strict = info === null ? {} : strictModeOf(info);
  // What stands there is the last fence, raised by a call that was thought dead.
  if (last?.collection === collection && isFence(strict)) return last;
  const isEnabled = strict.enabled === true;
  const dormant = Object.keys(strict).filter((name) => name !== "enabled" && name !== "upsert_max_batchsize");
  if (!isEnabled && dormant.length > 0)
    throw new RefusedError(
      `${collection} cannot be fenced: its strict mode is off, and turning it on would enforce ${dormant.join(", ")} on readers. Pause the writers yourself, or leave maxFenceSeconds out. The alias is untouched.`,
      { fields: { collection } },
    );
  const before = strict.upsert_max_batchsize;
  return { isEnabled, upsertMaxBatchsize: typeof before === "number" ? before : null };
}

const isFence = ({ enabled, upsert_max_batchsize: largest }: JsonObject): boolean =>
  enabled === true && largest === 0;

/**
 * Puts strict mode back. Twice is harmless; a collection that is gone needs nothing.
 * @param isDue false in a state whose fence is not this caller's any more.
 */
export async function liftFence(
  { qdrant, ledger, clock }: FenceOutside,
  migration: string,
  isDue: (state: MigrationState) => boolean = () => true,
): Promise<void> {
  const { fence } = await readState(ledger, migration);
  if (fence === null || fence.stage === "lifted") return;
  const at = { migration, now: clock.now() };
  const isSame = (state: MigrationState) => state.fence?.since === fence.since;
  // Noted first: whoever raises it late sees that it is over.
  const noted = await updateState(ledger, at, (state) =>
    isSame(state) && isDue(state) ? { fence: { ...fence, stage: "lifting" } } : null,
  );
  if (!isSame(noted) || noted.fence?.stage !== "lifting") return;
  await putBack(qdrant, fence);
  await updateState(ledger, at, (state) => (isSame(state) ? { fence: { ...fence, stage: "lifted" } } : null));
}

async function putBack(qdrant: Qdrant, { collection, isEnabled, upsertMaxBatchsize }: Fence): Promise<void> {
  if ((await qdrant.collection(collection)) === null) return;
  await qdrant.updateCollection(collection, {
    strict_mode_config: { enabled: isEnabled, upsert_max_batchsize: upsertMaxBatchsize ?? UNFENCED },
  });
}

/** @throws RefusedError when the fence does not stand any more: somebody may have written since the last look. */
export async function refuseFallenFence(qdrant: Qdrant, { fence }: MigrationState): Promise<void> {
  if (fence?.stage !== "raised") return;
  const info = await qdrant.collection(fence.collection);
  if (info !== null && !isFence(strictModeOf(info)))
    throw new RefusedError(
      `Somebody changed the strict mode of ${fence.collection} during the swap, so writers may have written since the last look; the alias is untouched. Try again.`,
      { fields: { collection: fence.collection } },
    );
}

/** @throws RefusedError when the last look took longer than writers may be stopped; whoever catches it lifts the fence. */
export function refuseLateFence({ fence }: MigrationState, now: number): void {
  if (fence?.stage !== "raised" || now - fence.since <= fence.maxSeconds * 1000) return;
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
