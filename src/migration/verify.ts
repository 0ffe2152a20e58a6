// The verifier: walks a range of both sides, counts every difference, and (when repairing) plans pages around
// them in the same write-ahead blocks as the coordinator. It writes no point: that is reconcile's.
import { DEFAULTS } from "../defaults.ts";
import { countIncomplete } from "./complete.ts";
import type { PointId } from "./ids.ts";
import { compareIds } from "./ids.ts";
import type { PassRange } from "./keys.ts";
import { addFound, type Block, differencesOf, type Found, NOTHING_FOUND, type Page } from "./pass.ts";
import type { Plan } from "./plan.ts";
import type { Qdrant } from "./ports.ts";
import { bridgeVectors } from "./puts.ts";
import { compareSides, type ReconcileJob, readTruth } from "./reconcile.ts";
import { termsOf } from "./terms.ts";
import { type BlockStart, openRange, type RangeOfPass, type WalkOutside, walkRange } from "./walk.ts";

/** Compares a range; false when it must be called again to go on. */
export async function verifyRange(outside: WalkOutside, at: PassRange): Promise<boolean> {
  const walk = await openRange(outside.ledger, at);
  return walkRange(outside, walk, (start) => compareBlock(outside.qdrant, walk, start));
}

/** Compares pages from `start` on until enough need repair, enough were looked at, or the range ends. */
async function compareBlock(qdrant: Qdrant, walk: RangeOfPass, start: BlockStart): Promise<Block> {
  const { index, firstPage } = start;
  const pages: Page[] = [];
  let found = NOTHING_FOUND;
  let lo = start.lo;
  for (let looked = 1; ; looked++) {
    const boundary = await boundaryOf(qdrant, walk, lo);
    const interval = { lo, hi: boundary ?? walk.range.hi };
    const here = await comparePage({
      job: {
        qdrant,
        from: walk.from,
        to: walk.to,
        terms: termsOf(walk.plan, walk.pass),
        where: { interval },
        pageSizePoints: walk.plan.pageSizePoints,
      },
      plan: walk.plan,
    });
    found = addFound(found, here);
    if (walk.pass.repair && differencesOf(here) + here.incomplete > 0)
      pages.push({ page: firstPage + pages.length, ...interval });
    lo = interval.hi;
    const sealed = boundary === null;
    const isFull = pages.length >= DEFAULTS.pagesPerBlock || looked >= DEFAULTS.comparedPagesPerBlock;
    if (sealed || isFull) return { v: 1, index, firstPage, pages, next: lo, sealed, found };
  }
}

async function comparePage({
  job,
  plan,
}: {
  readonly job: ReconcileJob;
  readonly plan: Plan;
}): Promise<Found> {
  const found = await compareSides(job);
  const vectors = bridgeVectors(plan, job.from);
  if (vectors.length === 0) return found;
  const points = await readTruth(job);
  return { ...found, incomplete: countIncomplete(points.values(), { vectors, place: plan }) };
}

/** Where the next page starts so that this one holds at most a page's points of either side; null at the end. */
async function boundaryOf(qdrant: Qdrant, walk: RangeOfPass, lo: PointId | null): Promise<PointId | null> {
  const { from, to, range, plan } = walk;
  const options = { payload: false, vectors: false };
  const reads = await Promise.all(
    [from, to].map(({ collection }) => qdrant.scroll(collection, lo, plan.pageSizePoints, options)),
  );
  const ends = reads.map(({ next }) => next).filter((id) => id !== null);
  const inside = ends.filter((id) => range.hi === null || compareIds(id, range.hi) < 0);
  return inside.sort(compareIds)[0] ?? null;
}
