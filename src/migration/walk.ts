// A walk over a range, block by block. Every block of pages is in the ledger before its messages are sent, so a
// crash between the two loses nothing: what the ledger misses is sent again.
import { DEFAULTS } from "../defaults.ts";
import type { Interval, PointId } from "./ids.ts";
import { blockKey, type PassRange } from "./keys.ts";
import { encodePageMessage } from "./message.ts";
import { type Block, type Pass, readBlocks, readPass, readRanges } from "./pass.ts";
import { type Plan, readPlan, type Side, sidesOf } from "./plan.ts";
import type { Deadline, Ledger, Qdrant, Queue } from "./ports.ts";
import { createOnce } from "./stored.ts";

export interface WalkOutside {
  readonly qdrant: Qdrant;
  readonly ledger: Ledger;
  readonly queue: Queue;
  readonly deadline: Deadline;
}

/** One range of one pass, and what its pages are cut from. */
export interface RangeOfPass {
  readonly at: PassRange;
  readonly plan: Plan;
  readonly pass: Pass;
  readonly range: Interval;
  readonly from: Side;
  readonly to: Side;
}

export async function openRange(ledger: Ledger, at: PassRange): Promise<RangeOfPass> {
  const plan = await readPlan(ledger, at.migration);
  const pass = await readPass(ledger, at.migration, at.pass);
  const range = (await readRanges(ledger, at.migration))[at.range];
  if (range === undefined)
    throw new Error(`Range ${at.range} of ${at.migration} is not in the plan. This is a bug.`);
  return { at, plan, pass, range, ...sidesOf(plan, pass.direction) };
}

/** Where a block starts: the end of the one before it. */
export interface BlockStart {
  readonly index: number;
  readonly firstPage: number;
  readonly lo: PointId | null;
}

interface Position extends BlockStart {
  readonly sealed: boolean;
  readonly last: Block | null;
}

const afterBlock = (block: Block): Position => ({
  index: block.index + 1,
  firstPage: block.firstPage + block.pages.length,
  lo: block.next,
  sealed: block.sealed,
  last: block,
});

/**
 * Makes, stores and sends the blocks of a range until it is sealed (true) or time runs short (false).
 * Goes on from the stored plan and never derives a partition twice: a block that another run wrote first is
 * taken as it is.
 */
export async function walkRange(
  outside: WalkOutside,
  { at, plan, range, to }: RangeOfPass,
  nextBlock: (start: BlockStart) => Promise<Block>,
): Promise<boolean> {
  const { ledger, queue, deadline } = outside;
  let position: Position = { index: 0, firstPage: 0, lo: range.lo, sealed: false, last: null };
  for await (const { block } of readBlocks(ledger, at)) position = afterBlock(block);
  // The only block whose messages may not have been sent. Sending twice is harmless: the first record wins.
  if (position.last !== null) await queue.send(messagesOf(plan.migration, at, position.last, to));
  while (!position.sealed) {
    if (deadline.remainingMs() < DEFAULTS.deadlineReserveMs) return false;
    const wanted = await nextBlock(position);
    const block = await createOnce<Block>(ledger, blockKey(at, position.index), wanted);
    await queue.send(messagesOf(plan.migration, at, block, to));
    position = afterBlock(block);
  }
  return true;
}

/** The messages of pages, whoever planned them. */
export function messagesOf(
  migration: string,
  { pass, range }: PassRange,
  { pages }: Pick<Block, "pages">,
  to: Side,
): readonly string[] {
  const fingerprint = to.contract?.fingerprint ?? "";
  return pages.map(({ page, lo, hi }) =>
    encodePageMessage({ migration, pass, range, page, lo, hi, fingerprint }),
  );
}
