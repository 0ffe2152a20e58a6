// The model follows the alias: which collection a name means now, and which model made its vectors.
import { RefusedError, TransientError } from "./errors.ts";
import { planKey } from "./keys.ts";
import { readLock } from "./lock.ts";
import { type CollectionMark, markOf } from "./metadata.ts";
import type { ModelContract } from "./model.ts";
import type { Plan } from "./plan.ts";
import type { CollectionInfo, Ledger, Qdrant } from "./ports.ts";
import { type Reached, resolveAlias } from "./resolve.ts";
import { chooseVector, denseVectors } from "./schema.ts";
import { readStored } from "./stored.ts";

export interface FollowOutside {
  readonly qdrant: Qdrant;
  /** Where a source's proven model is written down; null: only collections with a mark are known. */
  readonly ledger: Ledger | null;
}

/** What a name meant at one moment. */
export interface Followed {
  readonly alias: string;
  /** The name the collection itself answers to: no swap of an alias turns a search of it to another one. */
  readonly collection: string;
  readonly contract: ModelContract;
  /** Name of the contract's vector in the collection; "" is the unnamed one. */
  readonly vectorName: string;
  /** Fingerprint in the collection's metadata; null where the contract comes from a plan. */
  readonly marked: string | null;
}

/** `same`: nothing moved. `moved`: the alias points elsewhere. `replaced`: the collection is not what it was. */
export type Standing = "same" | "moved" | "replaced";

/**
 * Resolves an alias (or a collection's own name) to its collection, and that to its model.
 * @throws RefusedError when there is no such name, or nobody wrote down or proved its model.
 */
export async function followAlias(outside: FollowOutside, alias: string): Promise<Followed> {
  const first = await find(outside, alias);
  // Between the two requests a cleanup may have deleted what the alias pointed to before a swap.
  const { reached, info } = first.info === null ? await find(outside, alias) : first;
  if (info !== null)
    return describe(outside, { alias, collection: reached.by, ownName: reached.collection, info });
  if (reached.collection !== alias)
    throw new TransientError(`Alias ${alias} was moved while it was looked up; ask again.`);
  throw new RefusedError(
    `There is no alias or collection ${alias}. Give a name that remaster inspect finds on this server.`,
    { fields: { alias } },
  );
}

interface Found {
  readonly reached: Reached;
  readonly info: CollectionInfo | null;
}

async function find({ qdrant }: FollowOutside, alias: string): Promise<Found> {
  const reached = await resolveAlias(qdrant, alias);
  return { reached, info: await qdrant.collection(reached.by) };
}

interface Described {
  readonly alias: string;
  readonly collection: string;
  /** Of the collection, whatever it answers to. */
  readonly ownName: string;
  readonly info: CollectionInfo;
}

async function describe(outside: FollowOutside, at: Described): Promise<Followed> {
  const { alias, collection, ownName, info } = at;
  const mark = markOf(info);
  const plan = await planOf(outside, ownName, mark);
  const contract = mark?.contract ?? plan?.source.contract ?? null;
  if (contract === null)
    throw new RefusedError(
      `It is not known which model made the vectors of ${collection}, so no query can be embedded for it. Run remaster migrate --collection ${alias} --source-model NAME, which stops before the swap and remembers a model that is proven.`,
      { fields: { alias, collection } },
    );
  const side = mark === null ? plan?.source : plan?.target;
  const vectorName = vectorOf(at, contract, mark?.vector ?? side?.vectorName ?? null);
  return { alias, collection, contract, vectorName, marked: mark?.contract.fingerprint ?? null };
}

/** The plan that proved a source's model; for a target, the plan that made it, which knows its vector's name. */
async function planOf(
  { ledger }: FollowOutside,
  collection: string,
  mark: CollectionMark | null,
): Promise<Plan | null> {
  if (ledger === null) return null;
  const migration = mark === null ? (await readLock(ledger, collection))?.migration : mark.migration;
  // A target may have been carried to a server whose ledger is another one.
  return migration == null ? null : readStored<Plan>(ledger, planKey(migration));
}

function vectorOf(
  { alias, collection, info }: Described,
  contract: ModelContract,
  known: string | null,
): string {
  const { name, dimensions } = chooseVector(collection, info, known ?? onlyOfSize(info, contract));
  if (dimensions === contract.dimensions) return name;
  throw new RefusedError(
    `Model ${contract.id} makes vectors of size ${contract.dimensions}, but ${collection} holds ${dimensions}: its model was written down for other vectors. Run remaster inspect --collection ${alias}.`,
    { fields: { alias, collection } },
  );
}

/** With a bridge the old vector stands beside the new one; their sizes tell them apart. */
function onlyOfSize(info: CollectionInfo, { dimensions }: ModelContract): string | null {
  const [only, ...others] = denseVectors(info).filter((one) => one.dimensions === dimensions);
  return only !== undefined && others.length === 0 ? only.name : null;
}

/** Looks whether what was found is still so; after a search, whether its answer can be of this contract alone. */
export async function standingOf({ qdrant }: FollowOutside, followed: Followed): Promise<Standing> {
  const { alias, collection, contract, vectorName, marked } = followed;
  const [{ by: now }, info] = await Promise.all([resolveAlias(qdrant, alias), qdrant.collection(collection)]);
  const vector = info === null ? undefined : denseVectors(info).find(({ name }) => name === vectorName);
  const markedNow = info === null ? null : (markOf(info)?.contract.fingerprint ?? null);
  // Also a name that was taken over: the same name, another collection behind it.
  if (vector?.dimensions !== contract.dimensions || markedNow !== marked) return "replaced";
  return now === collection ? "same" : "moved";
}
