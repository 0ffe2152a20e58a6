// The target before the load and after it: made like the source but for the vector, with its optimizer held back
// while points pour in, and everything put right afterwards. Every step may run twice.
import { PermanentError, RefusedError, TransientError } from "./errors.ts";
import { passKey } from "./keys.ts";
import { markOf, metadataOf } from "./metadata.ts";
import { type Pass, readRanges } from "./pass.ts";
import { ownName, type Plan, readPlan } from "./plan.ts";
import type { Clock, CollectionInfo, JsonObject, Ledger, Qdrant } from "./ports.ts";
import { readProgress } from "./progress.ts";
import { carryShardKeys } from "./shardKeys.ts";
import { readState, updateState } from "./state.ts";
import { createOnce } from "./stored.ts";

export interface PrepareOutside {
  readonly qdrant: Qdrant;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

// While loading, no index is built (it would be built several times over) and no point is hidden until it is.
const LOADING: JsonObject = { indexing_threshold: 0, prevent_unoptimized: false };

/**
 * Creates the target with its payload indexes and begins the backfill.
 * @throws TransientError when it was loaded meanwhile: a call that was thought dead must not begin again.
 */
export async function prepareTarget(
  { qdrant, ledger, clock }: PrepareOutside,
  migration: string,
): Promise<{ readonly ranges: number }> {
  const plan = await readPlan(ledger, migration);
  const optimizers = optimizersOf(plan);
  const { backfilled } = await updateState(ledger, { migration, now: clock.now() }, (state) =>
    state.backfilled
      ? null
      : {
          phase: "backfill",
          direction: "forward",
          pass: Math.max(state.pass, 0),
          error: null,
          // Noted before anything is changed, so that whatever happens next it is put back.
          optimizersToRestore: {
            indexing_threshold: optimizers.indexing_threshold ?? null,
            prevent_unoptimized: optimizers.prevent_unoptimized ?? null,
          },
        },
  );
  if (backfilled) throw new TransientError(`${plan.target.collection} was loaded meanwhile.`);
  await ensureTarget(qdrant, plan, optimizers);
  await carryShardKeys(qdrant, plan, "forward");
  // Before the graph is built: it is built along the indexes.
  for (const { field, schema } of plan.payloadIndexes)
    await qdrant.createPayloadIndex(plan.target.collection, field, schema);
  const pass: Pass = {
    v: 1,
    pass: 0,
    kind: "backfill",
    direction: "forward",
    repair: true,
    mayDelete: true,
    beganAt: clock.now(),
  };
  await createOnce(ledger, passKey(migration, 0), pass);
  return { ranges: (await readRanges(ledger, migration)).length };
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const optimizersOf = (plan: Plan): JsonObject =>
  isObject(plan.create.optimizers_config) ? plan.create.optimizers_config : {};

async function ensureTarget(qdrant: Qdrant, plan: Plan, optimizers: JsonObject): Promise<void> {
  const { collection } = plan.target;
  const before = await qdrant.collection(collection);
  if (before === null) {
    try {
      await qdrant.createCollection(collection, {
        ...plan.create,
        optimizers_config: { ...optimizers, ...LOADING },
      });
    } catch (error) {
      // 409: an answer to an earlier try was lost, or somebody else was faster; the mark tells which.
      if (!(error instanceof PermanentError) || error.fields.status !== 409) throw error;
    }
  } else {
    await qdrant.updateCollection(collection, { optimizers_config: LOADING });
  }
  await ensureMark(qdrant, plan, await qdrant.collection(collection));
}

/** The target must say that it belongs to this migration before a single point goes into it. */
async function ensureMark(qdrant: Qdrant, plan: Plan, info: CollectionInfo | null): Promise<void> {
  const mark = info === null ? null : markOf(info);
  const { target, migration } = plan;
  const isOurs = mark?.source === ownName(plan) && mark.contract.fingerprint === target.contract.fingerprint;
  if (info === null || !isOurs)
    throw new RefusedError(
      `Target ${target.collection} was made by somebody else meanwhile; it will not be written into. Pick another name with "target".`,
      { fields: { target: target.collection } },
    );
  if (mark.migration === migration) return;
  const planned = isObject(plan.create.metadata) ? plan.create.metadata : {};
  const metadata = { ...metadataOf(info), ...("remaster" in planned ? { remaster: planned.remaster } : {}) };
  await qdrant.updateCollection(target.collection, { metadata });
}

/** After the load: the optimizer as the source has it, and the settings that come last. */
export async function restoreTarget(
  { qdrant, ledger, clock }: PrepareOutside,
  migration: string,
): Promise<void> {
  const plan = await readPlan(ledger, migration);
  const ranges = (await readRanges(ledger, migration)).length;
  const { summary } = await readProgress(ledger, { migration, pass: 0 }, { ranges, keep: true });
  await restoreOptimizers({ qdrant, ledger, clock }, plan);
  for (const patch of plan.after) await qdrant.updateCollection(plan.target.collection, patch);
  await matchStrictMode(qdrant, plan);
  await updateState(ledger, { migration, now: clock.now() }, (state) => ({
    // A late one leaves alone what came after.
    ...(state.direction === "forward" && state.phase !== "swap" ? { phase: "catch-up" } : {}),
    backfilled: true,
    backfill: summary,
  }));
}

/** A server may turn strict mode on for new collections, as Qdrant Cloud does: the target is as strict as the source. */
async function matchStrictMode(qdrant: Qdrant, { source, target }: Plan): Promise<void> {
  const isStrict = async (name: string): Promise<boolean> => {
    const settings = (await qdrant.collection(name))?.config.strict_mode_config;
    return isObject(settings) && settings.enabled === true;
  };
  if ((await isStrict(source.collection)) || !(await isStrict(target.collection))) return;
  await qdrant.updateCollection(target.collection, { strict_mode_config: { enabled: false } });
}

/** Also the last thing a failed run does. */
export async function restoreOptimizers(
  { qdrant, ledger, clock }: PrepareOutside,
  plan: Plan,
): Promise<void> {
  const { migration, target } = plan;
  const { optimizersToRestore } = await readState(ledger, migration);
  if (optimizersToRestore === null || (await qdrant.collection(target.collection)) === null) return;
  const values = Object.entries(optimizersToRestore).filter(([, value]) => value !== null);
  // PATCH does not clear with null, and `prevent_unoptimized: false` is what an unset one means.
  if (values.length > 0)
    await qdrant.updateCollection(target.collection, { optimizers_config: Object.fromEntries(values) });
  await updateState(ledger, { migration, now: clock.now() }, () => ({ optimizersToRestore: null }));
}

/**
 * A stopped run's last call may hold the optimizer back after the next run has put it right: what the plan says is
 * said again where the target differs.
 */
export async function keepOptimizers(qdrant: Qdrant, plan: Plan, info: CollectionInfo): Promise<void> {
  const now = isObject(info.config.optimizer_config) ? info.config.optimizer_config : {};
  // PATCH does not clear with null: a value the source does not have is left to `restoreOptimizers`.
  const wanted = Object.entries(optimizersOf(plan)).filter(
    ([key, value]) => key in LOADING && value !== null && now[key] !== value,
  );
  if (wanted.length > 0)
    await qdrant.updateCollection(plan.target.collection, { optimizers_config: Object.fromEntries(wanted) });
}

/** Green, optimizer fine, nothing queued and nothing hidden: only then do counts and searches tell the truth. */
export const isReady = (info: CollectionInfo): boolean =>
  info.status === "green" && info.optimizerOk && info.updateQueueLength === 0 && info.deferredPoints === 0;
