// The ledger as a folder of files, for one machine: any number of processes may use it at once.
import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Ledger } from "../migration/ports.ts";
import { compareKeys, decodeKey, encodeKey } from "./names.ts";

// "~" never stands in an encoded key.
const UNFINISHED = "~unfinished";
const VERSIONS = "~";
// Old versions keep their names taken, so that a process which slept between looking and writing finds out. It would
// have to sleep through so many writes of others to take a name that was removed.
const KEPT_VERSIONS = 64;

/**
 * Opens the ledger in an absolute folder; makes the folder with the first write.
 *
 * A file appears under its name complete or not at all: it is written elsewhere and linked, and a link fails when
 * the name is taken. Version 1 of `a/b.json` is the file `a/b.json`; version n is `a/b.json~/n`, so the same link
 * is the comparison of `replace`. The highest number is the object. A key may not be the folder of another key.
 */
export function openFolderLedger(folder: string): Ledger {
  const pathOf = (key: string): string => join(folder, encodeKey(key));
  return {
    read: (key) => readCurrent(pathOf(key)),
    create: (key, body) => publish(folder, pathOf(key), body),
    replace: (key, body, version) => replaceVersion(folder, pathOf(key), body, Number(version)),
    list: (prefix, after) => listKeys(folder, prefix, after),
  };
}

async function readCurrent(path: string): Promise<{ body: string; version: string } | null> {
  for (;;) {
    const version = await currentVersion(path);
    const body = await unlessMissing(readFile(versionPath(path, version), "utf8"));
    if (body !== null) return { body, version: String(version) };
    // Version 1 stays for ever: without it there is no object. Another one was replaced while we looked.
    if (version === 1) return null;
  }
}

const versionPath = (path: string, version: number): string =>
  version === 1 ? path : join(`${path}${VERSIONS}`, String(version));

async function currentVersion(path: string): Promise<number> {
  return (await versionsOf(path)).at(-1) ?? 1;
}

/** Numbers of the versions after the first, ascending. So short a folder is read in one system call: a snapshot. */
async function versionsOf(path: string): Promise<readonly number[]> {
  const names = await unlessMissing(readdir(`${path}${VERSIONS}`));
  return (names ?? []).map(Number).sort((a, b) => a - b);
}

async function replaceVersion(folder: string, path: string, body: string, version: number): Promise<boolean> {
  if ((await currentVersion(path)) !== version) return false;
  const next = versionPath(path, version + 1);
  if (!(await publish(folder, next, body))) return false;
  const versions = await versionsOf(path);
  if ((versions.at(-1) ?? 0) >= version + 3 + KEPT_VERSIONS) {
    // The name was free only because others went so far on, while this process slept, that it was removed. A write
    // in its turn may be followed by others at once, but not by so many before this line.
    await rm(next, { force: true });
    return false;
  }
  // Oldest first: a gap is never below a survivor.
  for (const old of versions)
    if (old < version - KEPT_VERSIONS) await rm(versionPath(path, old), { force: true });
  return true;
}

/** Puts a complete file under a free name; false when the name is taken. */
async function publish(folder: string, path: string, body: string): Promise<boolean> {
  const unfinished = join(folder, UNFINISHED, randomUUID());
  await mkdir(dirname(unfinished), { recursive: true });
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeDurably(unfinished, body);
    await link(unfinished, path);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** On disk before it gets its name: after a power cut a name never leads to an empty file. */
async function writeDurably(path: string, body: string): Promise<void> {
  await using file = await open(path, "wx");
  await file.writeFile(body);
  await file.datasync();
}

/** Names of one folder are few enough to sort (a range's records); other ranges are not looked at. */
async function* listKeys(folder: string, prefix: string, after = ""): AsyncGenerator<string> {
  const parent = prefix.slice(0, prefix.lastIndexOf("/") + 1);
  const start = parent === "" ? "" : encodeKey(parent.slice(0, -1));
  const paths = await filesBelow(folder, start);
  const keys = paths.map(decodeKey).filter((key) => key.startsWith(prefix) && compareKeys(key, after) > 0);
  yield* keys.sort(compareKeys);
}

/** Paths of version 1 of every object below a path, relative to the ledger's folder. */
async function filesBelow(folder: string, path: string): Promise<string[]> {
  const entries = (await unlessMissing(readdir(join(folder, path), { withFileTypes: true }))) ?? [];
  const found: string[] = [];
  for (const entry of entries) {
    if (entry.name.includes(VERSIONS)) continue;
    const below = path === "" ? entry.name : `${path}/${entry.name}`;
    if (entry.isDirectory()) found.push(...(await filesBelow(folder, below)));
    else found.push(below);
  }
  return found;
}

async function unlessMissing<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null;
    throw error;
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;
