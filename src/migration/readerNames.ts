// The names by which readers reach a migration's collections: what a swap moves and a rollback moves back.
import { refuseHiding } from "./names.ts";
import { ownName, type Plan } from "./plan.ts";
import type { Alias, Clock, Ledger, Qdrant } from "./ports.ts";
import { type MigrationState, updateState } from "./state.ts";

type Known = Pick<MigrationState, "readerAliases">;

/** All of them, whichever way they came to be. */
export const readerNames = (plan: Plan, state: Known): readonly string[] => [
  ...readerAliases(plan, state),
  ...(plan.takeOver == null ? [] : [plan.takeOver.name]),
];

/** Those of them that are aliases before the swap, or made by it. */
export const readerAliases = ({ aliases, newAlias }: Plan, { readerAliases }: Known): readonly string[] =>
  readerAliases ?? (newAlias === null ? aliases : [newAlias]);

/** The collection a reader's name answers with now: a collection's own name with itself, until it is taken over. */
export const answerOf = (now: readonly Alias[], plan: Plan, name: string): string | null =>
  now.find(({ alias }) => alias === name)?.collection ?? (plan.takeOver?.name === name ? name : null);

/** Aliases of the source that are readers' names: all but the way back of a name that is taken over. */
export const aliasesOfSource = (now: readonly Alias[], plan: Plan): readonly string[] =>
  now
    .filter(({ alias, collection }) => collection === ownName(plan) && alias !== plan.takeOver?.wayBack)
    .map(({ alias }) => alias);

/**
 * A run that goes on takes up the aliases that were made since the plan, and lets go of those that are gone. One that
 * points elsewhere is kept: the swap refuses it by name.
 * @throws RefusedError where an alias has the name of a collection.
 */
export async function takeUpAliases(
  { qdrant, ledger, clock }: { readonly qdrant: Qdrant; readonly ledger: Ledger; readonly clock: Clock },
  plan: Plan,
): Promise<void> {
  const [now, collections] = [await qdrant.aliases(), await qdrant.collections()];
  const found = aliasesOfSource(now, plan);
  refuseHiding(ownName(plan), found, collections);
  await updateState(ledger, { migration: plan.migration, now: clock.now() }, (state) => {
    // Of a swap that is under way the names stay what they were.
    if (state.direction !== "forward" || state.phase === "swap") return null;
    const known = readerAliases(plan, state);
    const there = known.filter((name) => name === plan.newAlias || now.some(({ alias }) => alias === name));
    const names = [...new Set([...there, ...found])].sort();
    const isSame = names.join() === [...known].sort().join();
    return isSame || names.length === 0 ? null : { readerAliases: names };
  });
}
