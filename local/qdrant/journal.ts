import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../../src/migration/errors.ts";
import type { Journal } from "./catalogue.ts";
import { Collection } from "./collection.ts";
import { LogFile } from "./log-file.ts";
import {
  type DecodedRecord,
  decodeRecord,
  encodeCollection,
  encodeDescription,
  encodePoints,
  parseStoredConfig,
  restoreIndexes,
  restorePoints,
} from "./record.ts";

export interface OpenedJournal {
  readonly collections: Map<string, Collection>;
  readonly aliases: Map<string, string>;
  readonly journal: Journal;
}

// The log is written anew when it is larger than this: then more than half of it is history.
const growthMax = 2;
const slackBytes = 64 * 1024 * 1024;
// Points of one record when all are written anew; a record is held in memory whole.
const recordPoints = 256;

/** Opens a data folder, making it where it is missing. Throws ConfigError when another server uses it. */
export function openJournal(dataDir: string): OpenedJournal {
  mkdirSync(dataDir, { recursive: true });
  const lock = lockFolder(dataDir);
  const log = new LogFile(join(dataDir, "remaster-qdrant.log"));
  const collections = new Map<string, Collection>();
  const aliases = new Map<string, string>();
  log.replay((content) => restore(decodeRecord(content), collections, aliases));
  const journal = new FileJournal(log, lock, collections, aliases);
  journal.compactIfWorthIt();
  return { collections, aliases, journal };
}

function restore(
  { description, values }: DecodedRecord,
  collections: Map<string, Collection>,
  aliases: Map<string, string>,
): void {
  switch (description.kind) {
    case "aliases":
      aliases.clear();
      for (const [alias, target] of description.aliases) aliases.set(alias, target);
      break;
    case "drop":
      collections.delete(description.name);
      break;
    case "collection": {
      const config = parseStoredConfig(description.config);
      const collection = collections.get(description.name) ?? new Collection(description.name, config);
      collections.set(description.name, collection);
      collection.configure(config);
      collection.operation = description.operation;
      collection.indexedVectors = description.indexed;
      restoreIndexes(collection, description.indexes);
      break;
    }
    case "points": {
      const collection = collections.get(description.name);
      if (collection !== undefined) restorePoints(collection, description, values);
      break;
    }
    default:
      description satisfies never;
  }
}

class FileJournal implements Journal {
  readonly #log: LogFile;
  readonly #lock: string;
  readonly #collections: ReadonlyMap<string, Collection>;
  readonly #aliases: ReadonlyMap<string, string>;
  /** The size of the log at which it is looked at again. */
  #bytesNext = slackBytes;

  constructor(
    log: LogFile,
    lock: string,
    collections: ReadonlyMap<string, Collection>,
    aliases: ReadonlyMap<string, string>,
  ) {
    this.#log = log;
    this.#lock = lock;
    this.#collections = collections;
    this.#aliases = aliases;
  }

  saveCollection(collection: Collection): void {
    this.#append(encodeCollection(collection));
  }

  savePoints(collection: Collection): void {
    // Also when no point changed: a refused operation may have used up a number.
    this.#append(encodePoints(collection, collection.takeChanges()));
  }

  dropCollection(name: string): void {
    this.#append(encodeDescription({ kind: "drop", name }));
  }

  saveAliases(aliases: ReadonlyMap<string, string>): void {
    this.#append(encodeDescription({ kind: "aliases", aliases: [...aliases] }));
  }

  /** Writes what is alive in the place of all history, when most of the log is history. */
  compactIfWorthIt(): void {
    let bytes = 0;
    for (const collection of this.#collections.values()) bytes += collection.bytes;
    const bytesMax = bytes * growthMax + slackBytes;
    const isWorthIt = this.#log.bytes > bytesMax;
    if (isWorthIt) this.#log.replace(this.#everything());
    // The estimate may be low: a log just written anew must grow before it is looked at again.
    this.#bytesNext = isWorthIt ? Math.max(bytesMax, this.#log.bytes * growthMax) : bytesMax;
  }

  close(): void {
    this.#log.close();
    rmSync(this.#lock, { force: true });
  }

  #append(content: Buffer): void {
    this.#log.append(content);
    if (this.#log.bytes > this.#bytesNext) this.compactIfWorthIt();
  }

  *#everything(): Generator<Buffer> {
    for (const collection of this.#collections.values()) {
      yield encodeCollection(collection);
      let ids: string[] = [];
      for (const id of collection.ids.from(null)) {
        ids.push(id);
        if (ids.length < recordPoints) continue;
        yield encodePoints(collection, ids);
        ids = [];
      }
      if (ids.length > 0) yield encodePoints(collection, ids);
    }
    yield encodeDescription({ kind: "aliases", aliases: [...this.#aliases] });
  }
}

// Tells this process from an earlier one with the same number, which containers give again and again.
const processToken = randomUUID();

/** Two servers on one log would ruin it. A lock whose process is gone, as after a kill, is taken over. */
function lockFolder(dataDir: string): string {
  const lock = join(dataDir, "lock");
  const mine = `${process.pid} ${processToken}`;
  try {
    writeFileSync(lock, mine, { flag: "wx" });
  } catch {
    const found = readFileSync(lock, "utf8");
    const owner = Number(found.split(" ")[0]);
    if (owner === process.pid ? found === mine : isRunning(owner)) {
      const advice = `stop that server, choose another folder, or delete ${lock} if the process is something else`;
      throw new ConfigError(
        `The built-in Qdrant cannot use ${dataDir}: process ${owner} uses it; ${advice}.`,
      );
    }
    writeFileSync(lock, mine);
  }
  return lock;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // Not allowed to signal it means that it is there.
    return cause instanceof Error && "code" in cause && cause.code === "EPERM";
  }
}
