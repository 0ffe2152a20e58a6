// Taking over a collection's own name. Qdrant refuses to create an alias with the name of a collection, but not to
// rename one to it; from then on the alias wins for everything but DELETE. The old collection stays behind it, and is
// reached by an alias of its own.
import { PermanentError, RefusedError } from "./errors.ts";
import { shortHash } from "./metadata.ts";
import type { Plan } from "./plan.ts";
import type { AliasAction, Qdrant } from "./ports.ts";
import { denseVectors } from "./schema.ts";

/** How often a name was asked for while it changed hands, and how often nobody answered. */
export interface Gap {
  readonly asked: number;
  readonly unanswered: number;
}

/** One call. The name between is overwritten and gone afterwards, so that twice is harmless. */
const taking = (name: string, to: string): readonly AliasAction[] => [
  { create_alias: { collection_name: to, alias_name: between(to) } },
  { rename_alias: { old_alias_name: between(to), new_alias_name: name } },
];

/** A name that is not there is no error; half a call may have left the one between. */
const givingBack = (name: string, from: string): readonly AliasAction[] => [
  { delete_alias: { alias_name: name } },
  { delete_alias: { alias_name: between(from) } },
];

const between = (collection: string): string => `${collection}_taking_over`;

interface OwnNameMove {
  readonly name: string;
  readonly target: string;
  readonly forward: boolean;
  readonly change: (actions: readonly AliasAction[]) => Promise<void>;
}

/** Gives the name to the target, or back to the old collection behind it. */
export function moveOwnName(qdrant: Qdrant, { name, target, forward, change }: OwnNameMove): Promise<Gap> {
  const actions = forward ? taking(name, target) : givingBack(name, target);
  return whileAsking(qdrant, name, () => change(actions));
}

/** The gap is measured, not believed: the name is asked for again and again while the act goes on. */
export async function whileAsking(qdrant: Qdrant, name: string, act: () => Promise<void>): Promise<Gap> {
  let isDone = false;
  const acting = act().finally(() => {
    isDone = true;
  });
  const gap = { asked: 0, unanswered: 0 };
  const asking = (async () => {
    while (!isDone) {
      const answers = await qdrant.collection(name).then(
        (info) => info !== null,
        () => false,
      );
      gap.asked += 1;
      if (!answers) gap.unanswered += 1;
    }
  })();
  // Neither outlives the other, and the act's error is the one that counts.
  const [acted] = await Promise.allSettled([acting, asking]);
  if (acted.status === "rejected") throw acted.reason;
  return gap;
}

/** The measured gap in words. */
export const sayGap = ({ asked, unanswered }: Gap): string =>
  unanswered === 0
    ? `It was asked for ${asked} times meanwhile and always answered.`
    : `It was asked for ${asked} times meanwhile and did not answer ${unanswered} times.`;

/**
 * Gives the old collection the name by which it is reached from now on, and clears away what a try that was killed
 * left. Twice is harmless.
 * @throws RefusedError when somebody uses that name for something else.
 */
export async function ensureWayBack(qdrant: Qdrant, { takeOver }: Plan): Promise<void> {
  if (takeOver == null) return;
  const { name, wayBack } = takeOver;
  await clearTry(qdrant, name);
  const pointsTo = (await qdrant.aliases()).find(({ alias }) => alias === wayBack)?.collection ?? null;
  if (pointsTo === name) return;
  if (pointsTo !== null)
    throw new RefusedError(
      `Alias ${wayBack} points to ${pointsTo}, but it is the name by which the old collection ${name} is reached. Point it to ${name} again, then try again. Nothing was changed.`,
      { fields: { alias: wayBack } },
    );
  // After cleanup there is nothing left to reach.
  if (!(await qdrant.collections()).includes(name)) return;
  await qdrant.changeAliases([{ create_alias: { collection_name: name, alias_name: wayBack } }]);
}

/** Of a migration that was given up: the old collection needs no second name any more. */
export async function dropWayBack(qdrant: Qdrant, wayBack: string | null): Promise<void> {
  if (wayBack !== null) await qdrant.changeAliases([{ delete_alias: { alias_name: wayBack } }]);
}

/**
 * Whether this server lets an alias take over a collection's name and gives it back: tried on two empty collections
 * that are thrown away. What an earlier, killed try left behind is thrown away first.
 * @throws RefusedError when it does not, with the ways that are left.
 */
export async function probeTakeOver(
  qdrant: Qdrant,
  { name, wayBack }: NonNullable<Plan["takeOver"]>,
): Promise<void> {
  const tried = triedNames(name);
  const { hidden, serving } = tried;
  const sizeOf = async (): Promise<number | null> => {
    const info = await qdrant.collection(hidden);
    return info === null ? null : (denseVectors(info)[0]?.dimensions ?? null);
  };
  await throwAway(qdrant, tried);
  try {
    await qdrant.createCollection(hidden, { vectors: { size: 1, distance: "Dot" } });
    await qdrant.createCollection(serving, { vectors: { size: 2, distance: "Dot" } });
    const before = await changed(qdrant, taking(hidden, serving));
    const taken = await sizeOf();
    await changed(qdrant, givingBack(hidden, serving));
    const givenBack = await sizeOf();
    if (before === null && taken === 2 && givenBack === 1) return;
    const found =
      before ??
      `the name answered with ${taken === 2 ? "the wrong collection afterwards" : "the old collection"}`;
    throw new RefusedError(
      `This Qdrant (${await qdrant.version()}) does not let an alias take over a collection's name; it was tried on two throw-away collections: ${found}. Leave takeOverName out, and readers change to an alias once. Or do it by hand with a gap in which ${name} answers 404: migrate to an alias first, copy the old collection to ${wayBack} and compare, then delete ${name} and create the alias ${name}. Nothing was changed.`,
      { fields: { collection: name } },
    );
  } finally {
    await throwAway(qdrant, tried);
  }
}

/** The two collections a server is tried on. */
interface Tried {
  readonly hidden: string;
  readonly serving: string;
}

const triedNames = (name: string): Tried => ({
  hidden: `remaster_probe_${shortHash(name)}_hidden`,
  serving: `remaster_probe_${shortHash(name)}_serving`,
});

async function clearTry(qdrant: Qdrant, name: string): Promise<void> {
  const tried = triedNames(name);
  const collections = await qdrant.collections();
  if (Object.values(tried).some((one) => collections.includes(one))) await throwAway(qdrant, tried);
}

/** What the server said against it; null when it did it. */
async function changed(qdrant: Qdrant, actions: readonly AliasAction[]): Promise<string | null> {
  try {
    await qdrant.changeAliases(actions);
    return null;
  } catch (error) {
    if (error instanceof PermanentError) return error.message;
    throw error;
  }
}

async function throwAway(qdrant: Qdrant, { hidden, serving }: Tried): Promise<void> {
  await qdrant.changeAliases(givingBack(hidden, serving));
  for (const collection of [hidden, serving]) await qdrant.deleteCollection(collection);
}
