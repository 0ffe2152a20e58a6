// Which names a migration uses: the target's, those of readers, and the one by which the source stays reachable.
import { RefusedError } from "./errors.ts";
import { markOf } from "./metadata.ts";
import type { ModelContract } from "./model.ts";
import type { TakeOver } from "./plan.ts";
import type { Alias, Qdrant } from "./ports.ts";
import type { Request } from "./request.ts";
import { type DenseVector, denseVectors } from "./schema.ts";

export interface Names {
  readonly aliases: readonly string[];
  readonly newAlias: string | null;
  readonly takeOver: TakeOver | null;
  readonly target: string;
}

interface NamesAsked {
  readonly request: Pick<Request, "target" | "takeOverName">;
  readonly source: string;
  readonly dimensions: number;
  readonly contract: ModelContract;
  /** Way back of an earlier migration of the source that was given up: no reader's name. */
  readonly leftover: string | null;
}

/** @throws RefusedError when a name that is needed is taken by something that is not ours. */
export async function chooseNames(qdrant: Qdrant, asked: NamesAsked): Promise<Names> {
  const { request, source, contract, leftover } = asked;
  const [all, collections] = [await qdrant.aliases(), await qdrant.collections()];
  const aliases = all
    .filter(({ alias, collection }) => collection === source && alias !== leftover)
    .map(({ alias }) => alias)
    .sort();
  const target = request.target ?? `${baseName(source)}_${contract.dimensions}d`;
  refuseHiding(source, aliases, collections);
  refuseTargetName(source, target, all);
  await refuseForeignTarget(qdrant, { source, target, contract });
  if (request.takeOverName === true) {
    const wayBack = chooseWayBack({ ...asked, target, all, collections });
    return { aliases, newAlias: null, takeOver: { name: source, wayBack }, target };
  }
  const newAlias = aliases.length > 0 ? null : `${baseName(source)}_live`;
  if (newAlias !== null) refuseTakenAlias(newAlias, all, collections);
  return { aliases, newAlias, takeOver: null, target };
}

const baseName = (source: string): string => source.replace(/_\d+d$/, "");

/** What a person should know of the names, for the plan. */
export function namesWarning({ newAlias, takeOver }: Names, source: string): readonly string[] {
  if (takeOver !== null)
    return [
      `Readers go on using ${source}: at the swap the name is taken over, with no moment in which it does not answer. From the beginning the old collection is also reached as ${takeOver.wayBack}; leave that alias alone until cleanup. After the swap DELETE of ${source} by hand would delete the old collection, not the new one.`,
    ];
  return newAlias === null
    ? []
    : [
        `Readers use the collection's own name ${source}, and Qdrant cannot rename a collection: the swap makes the alias ${newAlias}. Change readers to that name once; it follows every later swap. Or let the new collection take over the name itself, with takeOverName (--take-over-name).`,
      ];
}

function refuseTargetName(source: string, target: string, all: readonly Alias[]): void {
  if (target === source)
    throw new RefusedError(
      `The new collection would have the name of the old one, ${source}; name it with "target". Nothing was changed.`,
      { fields: { collection: source } },
    );
  if (all.some(({ alias }) => alias === target))
    throw new RefusedError(
      `${target} is the name of an alias, so no collection can have it; name the new collection with "target". Nothing was changed.`,
      { fields: { target } },
    );
}

/**
 * An alias with a collection's name hides that collection from readers, and cannot be moved by one action while it stands.
 * @throws RefusedError when there is one.
 */
export function refuseHiding(
  source: string,
  aliases: readonly string[],
  collections: readonly string[],
): void {
  const hiding = aliases.filter((alias) => collections.includes(alias));
  if (hiding.length === 0) return;
  throw new RefusedError(
    `The name ${hiding.join(", ")} was taken over by ${source}, and the old collection of that name still stands behind it. Finish that migration first: remaster cleanup --collection ${hiding[0]}. Nothing was changed.`,
    { fields: { collection: source } },
  );
}

interface WayBackAsked extends NamesAsked {
  readonly target: string;
  readonly all: readonly Alias[];
  readonly collections: readonly string[];
}

/** An alias's own name is free, or it is the one an earlier try left behind. */
function chooseWayBack({ source, dimensions, target, leftover, all, collections }: WayBackAsked): string {
  const candidates = [`${baseName(source)}_${dimensions}d`, `${source}_old`];
  const isFree = (name: string): boolean =>
    name === leftover || (!collections.includes(name) && all.every(({ alias }) => alias !== name));
  const free = candidates.find((name) => name !== source && name !== target && isFree(name));
  if (free !== undefined) return free;
  throw new RefusedError(
    `To take over the name ${source}, the old collection needs another name, and ${candidates.join(" and ")} are taken. Remove one of these, or leave takeOverName out. Nothing was changed.`,
    { fields: { collection: source } },
  );
}

async function refuseForeignTarget(
  qdrant: Qdrant,
  { source, target, contract }: Pick<NamesAsked, "source" | "contract"> & { readonly target: string },
): Promise<void> {
  const info = await qdrant.collection(target);
  if (info === null) return;
  const mark = markOf(info);
  if (mark?.source === source && mark.contract.fingerprint === contract.fingerprint) return;
  const found =
    mark === null
      ? `with vectors of size ${sizes(denseVectors(info))} and no mark of Remaster`
      : `made ${mark.source === null ? "" : `from ${mark.source} `}with ${mark.contract.id}`;
  throw new RefusedError(
    `Target ${target} exists, ${found}; it will not be written into. Pick another name with "target", or delete it yourself. Nothing was changed.`,
    { fields: { source, target } },
  );
}

const sizes = (vectors: readonly DenseVector[]): string =>
  vectors.map(({ dimensions }) => dimensions).join(", ") || "none";

function refuseTakenAlias(alias: string, all: readonly Alias[], collections: readonly string[]): void {
  const taken = all.find((one) => one.alias === alias);
  if (taken === undefined && !collections.includes(alias)) return;
  const found = taken === undefined ? "a collection has that name" : `it points to ${taken.collection}`;
  throw new RefusedError(
    `The swap would make the alias ${alias}, but ${found}. Give the old collection an alias of your own first and let readers use it, or let the new collection take over the name itself with takeOverName. Nothing was changed.`,
    { fields: { alias } },
  );
}
