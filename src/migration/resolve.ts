// Which collections a request means: a name, an alias, or every match of a prefix.
import { ConfigError, RefusedError } from "./errors.ts";
import { markOf } from "./metadata.ts";
import type { Alias, Qdrant } from "./ports.ts";

export interface Reached {
  /** The collection's own name. */
  readonly collection: string;
  /** The name it answers to: its own, unless an alias of the same name leads to another collection. */
  readonly by: string;
}

/** The collection that an alias points to now; any other name stands for itself. */
export async function resolveAlias(qdrant: Qdrant, name: string): Promise<Reached> {
  const aliases = await qdrant.aliases();
  const collection = aliases.find(({ alias }) => alias === name)?.collection ?? name;
  const isHidden = collection !== name && aliases.some(({ alias }) => alias === collection);
  return { collection, by: isHidden ? name : collection };
}

export interface Resolved {
  readonly collection: string;
  /** Aliases of the collection now. */
  readonly aliases: readonly string[];
}

export interface Resolution {
  readonly collections: readonly Resolved[];
  /** Matches of the prefix that are left alone, and why. */
  readonly leftAlone: readonly { readonly collection: string; readonly why: string }[];
}

/**
 * @throws ConfigError when nothing has that name, with the names there are.
 * @throws RefusedError when the name is both an alias and a collection, but for a name that was taken over.
 */
export async function resolveCollections(qdrant: Qdrant, asked: string): Promise<Resolution> {
  const [collections, aliases] = [[...(await qdrant.collections())].sort(), await qdrant.aliases()];
  const withAliases = (collection: string): Resolved => ({
    collection,
    aliases: aliases
      .filter((one) => one.collection === collection)
      .map(({ alias }) => alias)
      .sort(),
  });
  if (asked.endsWith("*"))
    return resolvePrefix(qdrant, asked.slice(0, -1), { collections, aliases, withAliases });
  const alias = aliases.find((one) => one.alias === asked);
  if (alias !== undefined && collections.includes(asked) && !(await isTakenOver(qdrant, asked)))
    throw new RefusedError(
      `${asked} is the name of a collection and of an alias of ${alias.collection}: the server answers by the alias and hides the collection. Nothing was changed; remove that alias, or name the collection you mean by another alias.`,
      { fields: { collection: asked } },
    );
  const collection = alias?.collection ?? asked;
  if (!collections.includes(collection)) throw new ConfigError(notFound(asked, collections, aliases));
  return { collections: [withAliases(collection)], leftAlone: [] };
}

interface Names {
  readonly collections: readonly string[];
  readonly aliases: readonly Alias[];
  readonly withAliases: (collection: string) => Resolved;
}

/** A collection reached by several names is taken once; targets of earlier runs are not taken up. */
async function resolvePrefix(qdrant: Qdrant, prefix: string, names: Names): Promise<Resolution> {
  const { collections, aliases, withAliases } = names;
  const reached = new Set(collections.filter((name) => name.startsWith(prefix)));
  for (const { alias, collection } of aliases) if (alias.startsWith(prefix)) reached.add(collection);
  if (reached.size === 0) throw new ConfigError(notFound(`${prefix}*`, collections, aliases));
  const taken: Resolved[] = [];
  const leftAlone: { collection: string; why: string }[] = [];
  for (const collection of [...reached].sort()) {
    const info = await qdrant.collection(collection);
    const source = info === null ? null : (markOf(info)?.source ?? null);
    // Behind the name that was taken over stands the source itself.
    if (source === null || source === collection) taken.push(withAliases(collection));
    else leftAlone.push({ collection, why: `made by Remaster from ${source}` });
  }
  return { collections: taken, leftAlone };
}

/** True when what answers to a collection's name was made from that collection. */
async function isTakenOver(qdrant: Qdrant, name: string): Promise<boolean> {
  const info = await qdrant.collection(name);
  return info !== null && markOf(info)?.source === name;
}

function notFound(asked: string, collections: readonly string[], aliases: readonly Alias[]): string {
  const names = [...collections, ...aliases.map(({ alias }) => `${alias} (alias)`)];
  const shown = names.slice(0, 20).join(", ");
  const more = names.length > 20 ? ` and ${names.length - 20} more` : "";
  const there = names.length === 0 ? "The server has no collection at all." : `There are: ${shown}${more}.`;
  return `No collection or alias matches ${asked}. ${there} Nothing was changed.`;
}
