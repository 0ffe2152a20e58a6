import { Collection } from "./collection.ts";
import type { CollectionConfig } from "./collection-config.ts";
import { fault, noCollection, QdrantFault } from "./fault.ts";

/** Where changes are kept beyond the process. Each call returns when a crash of the process cannot lose it. */
export interface Journal {
  saveCollection(collection: Collection): void;
  savePoints(collection: Collection): void;
  dropCollection(name: string): void;
  saveAliases(aliases: ReadonlyMap<string, string>): void;
  close(): void;
}

/** All collections and aliases of the server. */
export class Catalogue {
  readonly #collections: Map<string, Collection>;
  readonly #aliases: Map<string, string>;
  readonly #journal: Journal | undefined;

  constructor(
    collections: Map<string, Collection>,
    aliases: Map<string, string>,
    journal: Journal | undefined,
  ) {
    this.#collections = collections;
    this.#aliases = aliases;
    this.#journal = journal;
  }

  /** The collection a name stands for. An alias wins over a collection of the same name. */
  find(name: string): Collection | undefined {
    return this.#collections.get(this.#aliases.get(name) ?? name);
  }

  get(name: string): Collection {
    checkNameLength(name);
    const collection = this.find(name);
    if (collection === undefined) throw noCollection(name);
    return collection;
  }

  names(): string[] {
    return [...this.#collections.keys()].sort();
  }

  /** Alias names with the collection each stands for. */
  aliases(): ReadonlyMap<string, string> {
    return this.#aliases;
  }

  create(name: string, config: CollectionConfig): void {
    if (this.#aliases.has(name)) {
      throw fault(
        400,
        `Wrong input: Can't create collection with name ${name}. Alias with the same name already exists`,
      );
    }
    if (this.#collections.has(name)) throw alreadyExists(name);
    const collection = new Collection(name, config);
    this.#collections.set(name, collection);
    this.#journal?.saveCollection(collection);
  }

  /** Deletes by the collection's own name, never through an alias; its aliases go with it. */
  drop(name: string): boolean {
    if (!this.#collections.delete(name)) return false;
    for (const [alias, target] of this.#aliases) if (target === name) this.#aliases.delete(alias);
    this.#journal?.dropCollection(name);
    this.#journal?.saveAliases(this.#aliases);
    return true;
  }

  createAlias(alias: string, target: string): void {
    if (!this.#collections.has(target)) throw noCollection(target);
    if (this.#collections.has(alias)) throw alreadyExists(alias);
    this.#aliases.set(alias, target);
    this.#journal?.saveAliases(this.#aliases);
  }

  deleteAlias(alias: string): void {
    this.#aliases.delete(alias);
    this.#journal?.saveAliases(this.#aliases);
  }

  /** Unlike `createAlias` this is not checked against the names of collections: neither does Qdrant 1.19. */
  renameAlias(from: string, to: string): void {
    const target = this.#aliases.get(from);
    if (target === undefined) throw fault(404, `Not found: Alias ${from} does not exists!`);
    this.#aliases.delete(from);
    this.#aliases.set(to, target);
    this.#journal?.saveAliases(this.#aliases);
  }

  /** Keeps a collection's configuration and indexes after they changed. */
  saveCollection(collection: Collection): void {
    this.#journal?.saveCollection(collection);
  }

  /** Keeps the points an operation changed. */
  savePoints(collection: Collection): void {
    if (this.#journal === undefined) collection.takeChanges();
    else this.#journal.savePoints(collection);
  }

  close(): void {
    this.#journal?.close();
  }
}

const alreadyExists = (name: string) => fault(409, `Wrong input: Collection \`${name}\` already exists!`);

/** Throws 422 for a name that no collection can have. */
export function checkNameLength(name: string): void {
  if (name !== "" && [...name].length <= 255) return;
  const problem = `value ${JSON.stringify(name)} invalid, must be from 1 to 255 characters`;
  throw new QdrantFault(422, `Validation error in path parameters: [collection_name: ${problem}]`);
}
