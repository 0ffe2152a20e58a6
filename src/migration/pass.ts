// A pass walks the whole id space once: the backfill (every page is reconciled) or a verification (only pages
// with a difference are). Both write their pages ahead as blocks, and every page becomes one record.
import { addDifferent, DIFFERENCES, type DifferenceKind, type DifferentIds } from "./found.ts";
import type { Interval, PointId } from "./ids.ts";
import { blocksPrefix, type PassRange, passKey, rangesKey } from "./keys.ts";
import type { Ledger } from "./ports.ts";
import type { Direction } from "./state.ts";
import { parseStored, readExisting } from "./stored.ts";

export interface Pass {
  readonly v: 1;
  readonly pass: number;
  readonly kind: "backfill" | "verify";
  readonly direction: Direction;
  /** Whether pages with a difference are sent to be reconciled; a pure verification only counts them. */
  readonly repair: boolean;
  /** False backwards after a swap with failed points: what only the old collection has was perhaps never migrated. */
  readonly mayDelete: boolean;
  readonly beganAt: number;
}

/** Differences between the two sides, counted by what is wrong. */
export interface Found extends Readonly<Record<DifferenceKind, number>> {
  readonly checked: number;
  /** Points of a bridge that lack one of its vectors although they have text; no difference of the two sides. */
  readonly incomplete: number;
  /** The first ids of each kind; absent in passes that an earlier version stored. */
  readonly ids?: DifferentIds;
}

export const NOTHING_FOUND: Found = {
  checked: 0,
  missing: 0,
  extra: 0,
  payloadDifferent: 0,
  vectorWrong: 0,
  otherVectorsDifferent: 0,
  incomplete: 0,
};

export function addFound(a: Found, b: Found): Found {
  return {
    checked: a.checked + b.checked,
    missing: a.missing + b.missing,
    extra: a.extra + b.extra,
    payloadDifferent: a.payloadDifferent + b.payloadDifferent,
    vectorWrong: a.vectorWrong + b.vectorWrong,
    otherVectorsDifferent: a.otherVectorsDifferent + b.otherVectorsDifferent,
    // A pass of an earlier version counted none.
    incomplete: (a.incomplete ?? 0) + (b.incomplete ?? 0),
    ids: addDifferent(a.ids ?? {}, b.ids ?? {}),
  };
}

export const differencesOf = (found: Found): number =>
  DIFFERENCES.reduce((sum, kind) => sum + found[kind], 0);

export interface Page extends Interval {
  readonly page: number;
}

/** Planned pages in their order, written before their messages are sent. */
export interface Block {
  readonly v: 1;
  /** Place among the range's blocks, and the number of its first page; a block may hold no page. */
  readonly index: number;
  readonly firstPage: number;
  readonly pages: readonly Page[];
  /** Where the next block starts; meaningless once sealed. */
  readonly next: PointId | null;
  /** True on the range's last block: no page will be added. */
  readonly sealed: boolean;
  readonly found: Found;
}

interface Ranges {
  readonly v: 1;
  readonly ranges: readonly Interval[];
}

export const readPass = (ledger: Ledger, migration: string, pass: number): Promise<Pass> =>
  readExisting<Pass>(ledger, passKey(migration, pass));

export async function readRanges(ledger: Ledger, migration: string): Promise<readonly Interval[]> {
  return (await readExisting<Ranges>(ledger, rangesKey(migration))).ranges;
}

/** The blocks of a range in order, those after key `after` only, where given. */
export async function* readBlocks(
  ledger: Ledger,
  at: PassRange,
  after?: string,
): AsyncIterable<{ readonly key: string; readonly block: Block }> {
  for await (const key of ledger.list(blocksPrefix(at), after)) {
    const stored = await ledger.read(key);
    if (stored !== null) yield { key, block: parseStored<Block>(key, stored.body) };
  }
}
