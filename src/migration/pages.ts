// The coordinator: cuts a range of the source into pages, by ids only.
import { DEFAULTS } from "../defaults.ts";
import type { Interval, PointId } from "./ids.ts";
import { compareIds } from "./ids.ts";
import type { PassRange } from "./keys.ts";
import { type Block, NOTHING_FOUND, type Page } from "./pass.ts";
import type { Qdrant } from "./ports.ts";
import { type BlockStart, openRange, type WalkOutside, walkRange } from "./walk.ts";

/** Plans and sends the pages of a range; false when it must be called again to go on. */
export async function planPages(outside: WalkOutside, at: PassRange): Promise<boolean> {
  const walk = await openRange(outside.ledger, at);
  const ids = new IdReader(outside.qdrant, walk.from.collection, walk.range);
  return walkRange(outside, walk, (start) => cutBlock(ids, start, walk.range, walk.plan.pageSizePoints));
}

async function cutBlock(ids: IdReader, start: BlockStart, range: Interval, size: number): Promise<Block> {
  const { index, firstPage } = start;
  const pages: Page[] = [];
  let lo = start.lo;
  let sealed = false;
  while (pages.length < DEFAULTS.pagesPerBlock && !sealed) {
    const boundary = await ids.boundary(lo, size);
    // The last page reaches to the end of the range: an id inserted later still falls into exactly one page.
    const hi = boundary ?? range.hi;
    sealed = boundary === null;
    pages.push({ page: firstPage + pages.length, lo, hi });
    lo = hi;
  }
  return { v: 1, index, firstPage, pages, next: lo, sealed, found: NOTHING_FOUND };
}

/** Reads the ids of a range in order, a scroll at a time. */
class IdReader {
  readonly #qdrant: Qdrant;
  readonly #collection: string;
  readonly #hi: PointId | null;
  #ids: readonly PointId[] = [];
  /** Where the next scroll starts; undefined before the first one. */
  #next: PointId | null | undefined;
  #atEnd = false;

  constructor(qdrant: Qdrant, collection: string, range: Interval) {
    this.#qdrant = qdrant;
    this.#collection = collection;
    this.#hi = range.hi;
  }

  /** First id of the page after the one that starts at `lo` and holds `size` ids; null when there is none. */
  async boundary(lo: PointId | null, size: number): Promise<PointId | null> {
    if (this.#next === undefined) this.#next = lo;
    const isFromLo = (id: PointId) => lo === null || compareIds(id, lo) >= 0;
    this.#ids = this.#ids.filter(isFromLo);
    while (this.#ids.length <= size && !this.#atEnd) {
      await this.#read();
      // A block that another run cut may have moved `lo` past ids that were read.
      this.#ids = this.#ids.filter(isFromLo);
    }
    return this.#ids[size] ?? null;
  }

  async #read(): Promise<void> {
    const options = { payload: false, vectors: false };
    const read = await this.#qdrant.scroll(this.#collection, this.#next ?? null, DEFAULTS.scrollIds, options);
    const inside = read.points
      .map(({ id }) => id)
      .filter((id) => this.#hi === null || compareIds(id, this.#hi) < 0);
    this.#ids = [...this.#ids, ...inside];
    this.#next = read.next;
    this.#atEnd = read.next === null || inside.length < read.points.length;
  }
}
