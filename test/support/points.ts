import { compareIds, type PointId } from "../../src/migration/ids.ts";
import type { Point } from "../../src/migration/ports.ts";

/** Points by id that knows its ids in scroll order without sorting them for every page. */
export class PointMap extends Map<PointId, Point> {
  #sorted: readonly PointId[] | null = null;

  sortedIds(): readonly PointId[] {
    this.#sorted ??= [...this.keys()].sort(compareIds);
    return this.#sorted;
  }

  /** Ids from `from` on, at most `count`. */
  idsFrom(from: PointId | null, count: number): readonly PointId[] {
    const ids = this.sortedIds();
    let [low, high] = [0, from === null ? 0 : ids.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareIds(ids[middle] ?? "", from ?? "") < 0) low = middle + 1;
      else high = middle;
    }
    return ids.slice(low, low + count);
  }

  override set(id: PointId, point: Point): this {
    if (!this.has(id)) this.#sorted = null;
    return super.set(id, point);
  }

  override delete(id: PointId): boolean {
    const had = super.delete(id);
    if (had) this.#sorted = null;
    return had;
  }

  override clear(): void {
    this.#sorted = null;
    super.clear();
  }
}
