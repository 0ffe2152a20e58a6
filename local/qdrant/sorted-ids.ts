import { compareIds, type PointId } from "../../src/migration/ids.ts";

// Small enough that an insert in the middle is a short move, large enough that a million ids are few blocks.
const blockIdsMax = 1024;

/** Ids in scroll order. A new id costs two binary searches and a move within one block; nothing is sorted again. */
export class SortedIds {
  readonly #blocks: PointId[][] = [];

  add(id: PointId): void {
    const at = this.#blockOf(id);
    const block = this.#blocks[at];
    if (block === undefined) {
      this.#append(id);
      return;
    }
    const index = lowerBound(block, id);
    if (block[index] === id) return;
    block.splice(index, 0, id);
    if (block.length > blockIdsMax) this.#blocks.splice(at + 1, 0, block.splice(blockIdsMax / 2));
  }

  delete(id: PointId): void {
    const at = this.#blockOf(id);
    const block = this.#blocks[at];
    if (block === undefined) return;
    const index = lowerBound(block, id);
    if (block[index] !== id) return;
    block.splice(index, 1);
    if (block.length === 0) this.#blocks.splice(at, 1);
  }

  /** Ids in order, from the first that is not below `from`. Not to be used across changes. */
  *from(from: PointId | null): Generator<PointId> {
    const first = from === null ? 0 : this.#blockOf(from);
    for (let at = first; at < this.#blocks.length; at += 1) {
      const block = this.#blocks[at] ?? [];
      const start = at === first && from !== null ? lowerBound(block, from) : 0;
      for (let index = start; index < block.length; index += 1) yield block[index] ?? "";
    }
  }

  /** Loads come in order most of the time: fill the last block instead of splitting it in halves. */
  #append(id: PointId): void {
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.length < blockIdsMax) last.push(id);
    else this.#blocks.push([id]);
  }

  /** The first block whose last id is not below `id`. */
  #blockOf(id: PointId): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const last = this.#blocks[middle]?.at(-1);
      if (last !== undefined && compareIds(last, id) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function lowerBound(ids: readonly PointId[], id: PointId): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareIds(ids[middle] ?? "", id) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
