// Done is a fact in the ledger, never a queue's depth: every range sealed and every planned page recorded.
// Finished stretches are folded into one object a range, so that no record is listed twice.
import { DEFAULTS } from "../defaults.ts";
import { foldKey, type PassRange, pageOfRecordKey, recordKey, recordsPrefix } from "./keys.ts";
import { addFound, type Block, type Found, NOTHING_FOUND, readBlocks } from "./pass.ts";
import type { Ledger } from "./ports.ts";
import { addSummaries, EMPTY_SUMMARY, type PageRecord, type Summary, summaryOf } from "./record.ts";
import { encodeStored, parseStored, readStored } from "./stored.ts";

/** What the first `blocks` blocks and the first `pages` records of a range add up to. */
interface Fold {
  readonly v: 1;
  /** Key of the last block read; empty before the first. */
  readonly blockKey: string;
  readonly planned: number;
  readonly sealed: boolean;
  readonly found: Found;
  /** All records below this page number are in `summary`. */
  readonly pages: number;
  readonly summary: Summary;
}

const EMPTY_FOLD: Fold = {
  v: 1,
  blockKey: "",
  planned: 0,
  sealed: false,
  found: NOTHING_FOUND,
  pages: 0,
  summary: EMPTY_SUMMARY,
};

export interface PassProgress {
  readonly sealed: boolean;
  readonly planned: number;
  readonly recorded: number;
  readonly found: Found;
  /** Of the records that were read; complete when `isDone`. */
  readonly summary: Summary;
}

export const isDone = ({ sealed, planned, recorded }: PassProgress): boolean =>
  sealed && recorded === planned;

/** Reads how far a pass is. `keep` stores the folds; whoever only looks leaves them. */
export async function readProgress(
  ledger: Ledger,
  pass: Pick<PassRange, "migration" | "pass">,
  options: { readonly ranges: number; readonly keep: boolean },
): Promise<PassProgress> {
  const ranges = Array.from({ length: options.ranges }, (_, range) => ({ ...pass, range }));
  const parts = await Promise.all(ranges.map((at) => readRange(ledger, at, options.keep)));
  return parts.reduce((a, b) => ({
    sealed: a.sealed && b.sealed,
    planned: a.planned + b.planned,
    recorded: a.recorded + b.recorded,
    found: addFound(a.found, b.found),
    summary: addSummaries(a.summary, b.summary),
  }));
}

async function readRange(ledger: Ledger, at: PassRange, keep: boolean): Promise<PassProgress> {
  const stored = await ledger.read(foldKey(at));
  const before = stored === null ? EMPTY_FOLD : parseStored<Fold>(foldKey(at), stored.body);
  const planned = await foldBlocks(ledger, at, before);
  const { fold, beyond } = await foldRecords(ledger, at, planned);
  // Whoever is faster wrote a fold of the same blocks and records; losing the race loses nothing.
  if (keep && (fold.pages > before.pages || fold.blockKey !== before.blockKey)) {
    if (stored === null) await ledger.create(foldKey(at), encodeStored(fold));
    else await ledger.replace(foldKey(at), encodeStored(fold), stored.version);
  }
  const { sealed, found, pages } = fold;
  return {
    sealed,
    planned: fold.planned,
    recorded: pages + beyond.pages,
    found,
    summary: addSummaries(fold.summary, beyond),
  };
}

async function foldBlocks(ledger: Ledger, at: PassRange, before: Fold): Promise<Fold> {
  let fold = before;
  for await (const { key, block } of readBlocks(
    ledger,
    at,
    before.blockKey === "" ? undefined : before.blockKey,
  ))
    fold = {
      ...fold,
      blockKey: key,
      planned: fold.planned + block.pages.length,
      sealed: block.sealed,
      found: addFound(fold.found, block.found),
    };
  return fold;
}

/** Adds records: those that follow without a gap to the fold, the others to `beyond`. */
async function foldRecords(
  ledger: Ledger,
  at: PassRange,
  before: Fold,
): Promise<{ readonly fold: Fold; readonly beyond: Summary }> {
  let { pages, summary } = before;
  let beyond = EMPTY_SUMMARY;
  const after = pages === 0 ? undefined : recordKey(at, pages - 1);
  for await (const batch of inBatches(ledger.list(recordsPrefix(at), after), DEFAULTS.parallelReads)) {
    const records = await Promise.all(batch.map((key) => readStored<PageRecord>(ledger, key)));
    batch.forEach((key, index) => {
      const record = records[index];
      if (record === null || record === undefined) return;
      if (pageOfRecordKey(key) !== pages) beyond = addSummaries(beyond, summaryOf(record));
      else [pages, summary] = [pages + 1, addSummaries(summary, summaryOf(record))];
    });
  }
  return { fold: { ...before, pages, summary }, beyond };
}

async function* inBatches<T>(all: AsyncIterable<T>, size: number): AsyncIterable<readonly T[]> {
  let batch: T[] = [];
  for await (const one of all) {
    batch.push(one);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Planned pages of a range that have no record, by their blocks. */
export async function* missingPages(ledger: Ledger, at: PassRange): AsyncIterable<Pick<Block, "pages">> {
  const recorded = new Set<number>();
  for await (const key of ledger.list(recordsPrefix(at))) recorded.add(pageOfRecordKey(key));
  for await (const { block } of readBlocks(ledger, at)) {
    const pages = block.pages.filter(({ page }) => !recorded.has(page));
    if (pages.length > 0) yield { pages };
  }
}
