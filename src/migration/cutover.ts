// The swap and the way back. Nothing here is undone by a crash: aliases are moved one whole action at a time,
// and what they answer is read back.
import { RefusedError, TransientError } from "./errors.ts";
import { liftFence, raiseFence, refuseFallenFence, refuseLateFence } from "./fence.ts";
import { readFreshState } from "./guard.ts";
import { readLock } from "./lock.ts";
import { differencesOf, NOTHING_FOUND } from "./pass.ts";
import { ownName, type Plan, readPlan } from "./plan.ts";
import type { AliasAction, Clock, Ledger, Qdrant } from "./ports.ts";
import { aliasesOfSource, answerOf, readerAliases, readerNames } from "./readerNames.ts";
import type { Override, Request } from "./request.ts";
import { carryShardKeys } from "./shardKeys.ts";
import { type MigrationState, readState, updateState } from "./state.ts";
import { moveOwnName, sayGap } from "./takeOver.ts";

export interface SwapOutside {
  readonly qdrant: Qdrant;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

export type SwapAction = "cutover" | "rollback";

/**
 * Says whether the action may begin, before anything is held back.
 * @returns a sentence when there is nothing to do, null when it may go on.
 * @throws RefusedError without a green gate or an override, or when an alias points elsewhere.
 */
export async function guardSwap(
  { qdrant, ledger }: SwapOutside,
  migration: string,
  request: Pick<Request, "override"> & { readonly action: SwapAction },
): Promise<string | null> {
  const [plan, state] = [await readPlan(ledger, migration), await readState(ledger, migration)];
  const [source, target] = [ownName(plan), plan.target.collection];
  if (request.action === "cutover") {
    if (state.phase === "done") return `${readerNames(plan, state).join(", ")} already points to ${target}.`;
    refuseUnready(plan, state, request.override);
  } else {
    if (state.phase === "rolled-back")
      return `${readerNames(plan, state).join(", ")} already points to ${source}.`;
    if (state.swaps.length === 0)
      throw new RefusedError(`There is nothing to roll back: ${source} was not cut over.`, {
        fields: { collection: source },
      });
  }
  await refuseMovedAliases(qdrant, plan, state, request.action);
  return null;
}

function refuseUnready(plan: Plan, state: MigrationState, override: Override | null): void {
  if (override !== null && state.backfilled) return;
  if (!state.backfilled)
    throw new RefusedError(
      `The backfill of ${plan.target.collection} is not finished (${state.phase}); run migrate first. The alias is untouched.`,
      { fields: { migration: plan.migration } },
    );
  if (state.gate?.verdict === "green") return;
  const red = state.gate?.checks.filter(({ ok }) => !ok).map(({ name, found }) => `${name}: ${found}`) ?? [];
  throw new RefusedError(
    `The gate of ${plan.target.collection} is not green. ${red.join(" ") || "It was never decided; run migrate first."} Mend it and run migrate again, or give an override with by and why. The alias is untouched.`,
    { fields: { migration: plan.migration } },
  );
}

/** Guarded by what the aliases pointed to when planned: somebody else's swap is not overwritten. */
async function refuseMovedAliases(
  qdrant: Qdrant,
  plan: Plan,
  state: MigrationState,
  action: SwapAction,
): Promise<void> {
  const now = await qdrant.aliases();
  const [source, target] = [ownName(plan), plan.target.collection];
  for (const name of readerNames(plan, state)) {
    const pointsTo = answerOf(now, plan, name);
    if (pointsTo === source || pointsTo === target) continue;
    if (pointsTo === null && plan.newAlias === name) continue;
    throw new RefusedError(
      `Alias ${name} ${pointsTo === null ? "does not exist any more" : `points to ${pointsTo}`}; when planned it pointed to ${source}. Somebody else moved it, so it is left alone.`,
      { fields: { alias: name } },
    );
  }
  // On the way back they point where everybody goes.
  const strangers = aliasesOfSource(now, plan).filter((alias) => !readerNames(plan, state).includes(alias));
  if (strangers.length > 0 && action === "cutover")
    throw new RefusedError(
      `${source} got a new alias since the plan: ${strangers.join(", ")}. Run migrate again, so that it is moved with the others.`,
      { fields: { collection: source } },
    );
}

/**
 * After a crash in the middle of a swap: what the aliases answer decides. Where one has moved already the swap is
 * finished (the last look was clean and nothing was written since); where none has, nothing happened.
 */
export async function settleSwap(outside: SwapOutside, plan: Plan, execution: string): Promise<void> {
  const { qdrant, ledger } = outside;
  const state = await readState(ledger, plan.migration);
  // A fence whose lifting was killed.
  if (state.phase !== "swap") return liftFence(outside, plan.migration, ({ phase }) => phase !== "swap");
  // After the state: whoever takes the lock from now on changes the state before it holds writes back.
  if ((await readLock(ledger, ownName(plan)))?.owner !== execution) return;
  const forward = state.direction === "forward";
  const to = sideOf(plan, forward);
  const now = await qdrant.aliases();
  const hasMoved = readerNames(plan, state).some((name) => answerOf(now, plan, name) === to);
  if (hasMoved) await moveNames(outside, plan, state, { forward, override: null });
  else await releaseWrites(outside, plan.migration, ({ pass }) => pass === state.pass);
}

/**
 * From here on no page of this run is written, and with a fence no upsert of anybody else: the last look sees what
 * the swap will serve.
 * @throws TransientError when no swap is being made: a call that was thought dead must not hold writes for ever.
 */
export async function holdWrites(
  outside: SwapOutside,
  migration: string,
  maxFenceSeconds = 0,
): Promise<void> {
  const now = outside.clock.now();
  const { phase } = await updateState(outside.ledger, { migration, now }, (state) =>
    state.phase === "cut-over" ? { phase: "swap" } : null,
  );
  if (phase !== "swap")
    throw new TransientError(
      `Writes are not held back: ${migration} is ${phase}, and no swap is being made.`,
    );
  await raiseFence(outside, migration, maxFenceSeconds);
}

/**
 * The last look found something: let writes flow again and catch up once more.
 * @param isDue false in a state that has gone on since: a call that was thought dead must not open the next swap.
 */
export async function releaseWrites(
  outside: SwapOutside,
  migration: string,
  isDue: (state: MigrationState) => boolean = () => true,
): Promise<void> {
  const { ledger, clock } = outside;
  await liftFence(outside, migration, isDue);
  await updateState(ledger, { migration, now: clock.now() }, (state) =>
    state.phase === "swap" && isDue(state) ? { phase: "cut-over" } : null,
  );
}

/**
 * Moves every reader's name, one `create_alias` each (it overwrites atomically), and reads the answer back.
 * Twice is harmless. From then on the other side is the truth.
 * @throws RefusedError when the two sides still differ and nobody overrode that.
 */
export async function swapAliases(
  { qdrant, ledger, clock }: SwapOutside,
  migration: string,
  request: Pick<Request, "override"> & { readonly action: SwapAction },
): Promise<{ readonly to: string; readonly says: string }> {
  const [plan, state] = [await readPlan(ledger, migration), await readState(ledger, migration)];
  const forward = request.action === "cutover";
  // The answer of the call that made it was lost.
  if (state.phase === (forward ? "done" : "rolled-back")) {
    await liftFence({ qdrant, ledger, clock }, migration);
    return { to: sideOf(plan, forward), says: sayMoved(plan, state, forward) };
  }
  refuseLateFence(state, clock.now());
  await refuseFallenFence(qdrant, state);
  refuseDifferent(plan, state, request.override);
  await refuseMovedAliases(qdrant, plan, state, request.action);
  await carryShardKeys(qdrant, plan, state.direction);
  return moveNames({ qdrant, ledger, clock }, plan, state, {
    forward,
    override: request.override,
  });
}

async function moveNames(
  { qdrant, ledger, clock }: SwapOutside,
  plan: Plan,
  state: MigrationState,
  { forward, override }: { readonly forward: boolean; readonly override: Override | null },
): Promise<{ readonly to: string; readonly says: string }> {
  const to = sideOf(plan, forward);
  const names = readerNames(plan, state);
  // A call that was thought dead must not move them once more after somebody has moved them back.
  const guard = async () => refuseOver(await readFreshState({ ledger, clock }, plan.migration), state);
  const change = async (actions: readonly AliasAction[]) => {
    await guard();
    await qdrant.changeAliases(actions, { beforeRepeat: guard });
  };
  for (const name of readerAliases(plan, state))
    await change([{ create_alias: { collection_name: to, alias_name: name } }]);
  const gap =
    plan.takeOver == null
      ? null
      : await moveOwnName(qdrant, {
          name: plan.takeOver.name,
          target: plan.target.collection,
          forward,
          change,
        });
  await readBack(qdrant, { plan, state }, to);
  const swap = {
    at: clock.now(),
    to,
    aliases: names,
    override,
    gap,
    differentPoints: differencesOf(state.verified?.found ?? NOTHING_FOUND),
  };
  await updateState(ledger, { migration: plan.migration, now: clock.now() }, (before) => {
    refuseOver(before, state);
    return {
      phase: forward ? "done" : "rolled-back",
      direction: forward ? "reverse" : "forward",
      swaps: [...before.swaps, swap],
    };
  });
  await liftFence({ qdrant, ledger, clock }, plan.migration);
  return { to, says: [sayMoved(plan, state, forward), ...(gap === null ? [] : [sayGap(gap)])].join(" ") };
}

/** The collection that serves after a swap. */
const sideOf = (plan: Plan, forward: boolean): string => (forward ? plan.target.collection : ownName(plan));

/** @throws TransientError when this swap is over. */
function refuseOver(now: MigrationState, then: MigrationState): void {
  if (now.phase === "swap" && now.swaps.length === then.swaps.length) return;
  throw new TransientError(`The swap of ${now.migration} went on without this call.`);
}

function sayMoved(plan: Plan, state: MigrationState, forward: boolean): string {
  const names = readerNames(plan, state).join(", ");
  if (forward) return `${names} now points to ${plan.target.collection}.`;
  return plan.takeOver == null
    ? `${names} now points to ${ownName(plan)}.`
    : `${names} answers with the old collection again.`;
}

function refuseDifferent(plan: Plan, { verified }: MigrationState, override: Override | null): void {
  if (override !== null || verified === null) return;
  const { found, repairs } = verified;
  const different = differencesOf(found);
  if (different === 0) return;
  const why = Object.entries(repairs.failuresByReason)
    .map(([reason, count]) => `${count} ${reason}`)
    .join(", ");
  throw new RefusedError(
    `${different} points still differ between ${plan.source.collection} and ${plan.target.collection}${why === "" ? "; they are written faster than they are repaired" : ` (${why})`}. The alias is untouched. Stop the writers for a moment and try again, or give an override with by and why.`,
    { fields: { migration: plan.migration } },
  );
}

/** What the aliases answer decides, not what was sent: an answer may have been lost, a write not yet seen. */
async function readBack(
  qdrant: Qdrant,
  { plan, state }: { readonly plan: Plan; readonly state: MigrationState },
  to: string,
): Promise<void> {
  const now = await qdrant.aliases();
  const wrong = readerNames(plan, state).filter((name) => answerOf(now, plan, name) !== to);
  if (wrong.length > 0)
    throw new TransientError(
      `Alias ${wrong.join(", ")} does not point to ${to} yet; the swap is tried again.`,
    );
}
