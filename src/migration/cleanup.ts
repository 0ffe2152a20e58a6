// Deleting the old collection: the one act that cannot be undone, never part of a run, last and guarded.

import type { SwapOutside } from "./cutover.ts";
import { stillBridged } from "./dropOldVector.ts";
import { RefusedError } from "./errors.ts";
import { failedPoints } from "./gate.ts";
import { readFreshState } from "./guard.ts";
import { markOf } from "./metadata.ts";
import { ownName, type Plan, readPlan } from "./plan.ts";
import { aliasesOfSource } from "./readerNames.ts";
import type { Request } from "./request.ts";
import { saySnapshot, takeSnapshot } from "./snapshot.ts";
import { type MigrationState, readState, updateState } from "./state.ts";

const HOUR_MS = 3_600_000;

/**
 * Everything that can be said before both sides are compared once more.
 * @returns a sentence when there is nothing to do.
 */
export async function guardCleanup(
  { qdrant, ledger, clock }: SwapOutside,
  migration: string,
  request: Pick<Request, "confirm">,
): Promise<string | null> {
  const [plan, state] = [await readPlan(ledger, migration), await readState(ledger, migration)];
  const [source, target] = [ownName(plan), plan.target.collection];
  if (state.phase === "cleaned") return `${source} was deleted already.${stillBridged(plan)}`;
  const refuse = (why: string): never => {
    throw new RefusedError(`${source} is not deleted: ${why}`, {
      fields: { collection: source },
    });
  };
  if (state.phase !== "done") refuse(`the migration is not cut over (${state.phase}).`);
  const now = await qdrant.aliases();
  const pointing = aliasesOfSource(now, plan);
  if (pointing.length > 0) refuse(`alias ${pointing.join(", ")} points to it.`);
  if (plan.takeOver != null && !now.some(({ alias }) => alias === source))
    refuse("readers who use its name reach it again: the alias that took the name over is gone.");
  const info = await qdrant.collection(target);
  if (info === null || markOf(info)?.migration !== migration)
    refuse(`${target} is not the collection that this migration made.`);
  if (!(await qdrant.collections()).includes(source)) {
    // A run that was killed between the deletion and its note.
    await updateState(ledger, { migration, now: clock.now() }, () => ({ phase: "cleaned" }));
    return `${source} was deleted already.${stillBridged(plan)}`;
  }
  if (failedPoints(state) > 0) refuse(`${failedPoints(state)} points failed and are nowhere else.`);
  if (state.gate?.verdict !== "green") refuse("the gate was not green when readers were moved.");
  const openFor = windowLeftMs(plan, state, clock.now());
  if (openFor > 0 && request.confirm !== source)
    refuse(
      `the way back stays open for another ${Math.ceil(openFor / HOUR_MS)} hours (keepOldHours ${plan.keepOldHours}). To delete it now, repeat its name in "confirm".`,
    );
  return null;
}

const windowLeftMs = (plan: Plan, { swaps }: MigrationState, now: number): number =>
  (swaps.at(-1)?.at ?? now) + plan.keepOldHours * HOUR_MS - now;

/** Points without text that `emptyText: skip` left out: the person who asked for that may have forgotten it by now. */
async function refuseLeftOut({ qdrant }: SwapOutside, plan: Plan): Promise<void> {
  const [source, target] = [ownName(plan), plan.target.collection];
  if (plan.emptyText !== "skip") return;
  // Backwards everything is carried: what the old side has more is what was left out.
  const count = (await qdrant.count(plan.source.collection)) - (await qdrant.count(target));
  if (count <= 0) return;
  throw new RefusedError(
    `${source} is not deleted: ${count} points without text were left out of ${target} (emptyText skip) and are nowhere else. Take a snapshot first ("snapshot": true), or give an override with by and why.`,
    { fields: { collection: source } },
  );
}

/**
 * Right before the deletion: a call that was held up for long must not delete what readers have gone back to. A rollback
 * that begins now moves them no sooner than its drain is long, and the deletion is given up before.
 */
async function refuseReturned({ qdrant, ledger, clock }: SwapOutside, plan: Plan): Promise<void> {
  const pointing = aliasesOfSource(await qdrant.aliases(), plan);
  const { phase } = await readFreshState({ ledger, clock }, plan.migration);
  if (phase === "done" && pointing.length === 0) return;
  throw new RefusedError(
    `${ownName(plan)} is not deleted: meanwhile the migration is at ${phase}${pointing.length > 0 ? `, and alias ${pointing.join(", ")} points to it` : ""}. Nothing was changed.`,
    { fields: { collection: ownName(plan) } },
  );
}

/**
 * Deletes the old collection, after its snapshot where one was asked for. The comparison that ran before says what
 * only it has. Twice is harmless: a collection that is gone stays gone.
 * @returns null while the server is making the snapshot.
 */
export async function deleteOld(
  outside: SwapOutside,
  migration: string,
  request: Pick<Request, "confirm" | "override" | "snapshot">,
): Promise<string | null> {
  const { qdrant, ledger, clock } = outside;
  const again = await guardCleanup(outside, migration, request);
  if (again !== null) return again;
  const [plan, state] = [await readPlan(ledger, migration), await readState(ledger, migration)];
  const source = ownName(plan);
  const only = state.verified?.found.extra ?? 0;
  if (only > 0 && request.override === null)
    throw new RefusedError(
      `${source} is not deleted: ${only} of its points are not in ${plan.target.collection}. They were deleted there since the swap, or somebody still writes into the old collection. Look, then give an override with by and why.`,
      { fields: { collection: source } },
    );
  if (request.override === null && !request.snapshot) await refuseLeftOut(outside, plan);
  const snapshot = request.snapshot ? await takeSnapshot(outside, migration) : null;
  if (request.snapshot && snapshot === null) return null;
  const guard = () => refuseReturned(outside, plan);
  await guard();
  await qdrant.deleteCollection(source, { beforeRepeat: guard });
  await updateState(ledger, { migration, now: clock.now() }, () => ({ phase: "cleaned" }));
  return `${source} was deleted; ${plan.target.collection} serves alone.${snapshot === null ? "" : saySnapshot(snapshot)}${stillBridged(plan)}`;
}
