import type { Collection, Point } from "./collection.ts";
import { dot, isSmallBetter, score } from "./distance.ts";
import { unsupported } from "./fault.ts";
import type { Filter } from "./filter.ts";
import { matches } from "./filter-match.ts";
import { type MultiVector, rowsOf, type SparseVector, type Vector } from "./vector.ts";
import type { VectorStore } from "./vector-store.ts";

export interface ScoredPoint {
  readonly point: Point;
  readonly score: number;
}

export interface Search {
  readonly store: VectorStore;
  readonly vector: Vector;
  readonly filter: Filter | undefined;
  /** How many of the best are wanted, the skipped ones of an offset included. */
  readonly top: number;
  readonly threshold: number | undefined;
  readonly excluded: Point | undefined;
}

/** The best points, best first, by looking at every vector: exact, where a real server's graph is approximate. */
export function search(collection: Collection, search: Search): ScoredPoint[] {
  const scoreOf = scorer(collection, search);
  const isSmall = isSmallBetter(search.store.spec.distance);
  const best = new Best(search.top, isSmall);
  for (const point of collection.points()) {
    const value = scoreOf(point);
    if (value === undefined || point === search.excluded || !best.takes(value)) continue;
    if (search.threshold !== undefined && !(isSmall ? value < search.threshold : value > search.threshold))
      continue;
    // The filter reads JSON and costs more than the score: ask it last.
    if (matches(search.filter, collection, point)) best.add({ point, score: value });
  }
  return best.list();
}

/** A bounded list in order. Searches want few results, so an insert into a sorted array is short. */
class Best {
  readonly #top: number;
  readonly #sign: number;
  readonly #list: ScoredPoint[] = [];

  constructor(top: number, isSmall: boolean) {
    this.#top = top;
    this.#sign = isSmall ? 1 : -1;
  }

  takes(value: number): boolean {
    const last = this.#list.at(-1);
    return last === undefined || this.#list.length < this.#top || this.#rank(value) < this.#rank(last.score);
  }

  add(scored: ScoredPoint): void {
    const rank = this.#rank(scored.score);
    let low = 0;
    let high = this.#list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#rank(this.#list[middle]?.score ?? 0) <= rank) low = middle + 1;
      else high = middle;
    }
    this.#list.splice(low, 0, scored);
    if (this.#list.length > this.#top) this.#list.pop();
  }

  list(): ScoredPoint[] {
    return this.#list;
  }

  // Not-a-number ranks above every number in the real server's order: first for similarities, last for distances.
  #rank(value: number): number {
    return (Number.isNaN(value) ? Number.POSITIVE_INFINITY : value) * this.#sign;
  }
}

function scorer(collection: Collection, { store, vector }: Search): (point: Point) => number | undefined {
  const { distance } = store.spec;
  if (vector.kind === "dense") {
    return ({ slot }) => {
      const values = store.dense(slot);
      return values === undefined ? undefined : score(distance, vector.values, values);
    };
  }
  if (vector.kind === "multi") {
    if (isSmallBetter(distance)) throw unsupported(`searching multivectors under ${distance}`);
    return ({ slot }) => {
      const stored = store.get(slot);
      return stored?.kind === "multi" ? maxSim(vector, stored) : undefined;
    };
  }
  const weights = sparseWeights(collection, store, vector);
  return ({ slot }) => {
    const stored = store.get(slot);
    return stored?.kind === "sparse" ? sparseScore(weights, stored) : undefined;
  };
}

/** For each row of the query its best row of the document, summed. */
function maxSim(query: MultiVector, document: MultiVector): number {
  const rows = rowsOf(document);
  const sum = rowsOf(query).reduce(
    (total, row) => total + Math.max(...rows.map((other) => dot(row, other))),
    0,
  );
  return Math.fround(sum);
}

/** The query's value for each index, weighted by how rare the index is where the collection says `idf`. */
function sparseWeights(collection: Collection, store: VectorStore, query: SparseVector): Map<number, number> {
  const weights = new Map([...query.indices].map((index, at) => [index, query.values[at] ?? 0]));
  if (!store.spec.hasIdf) return weights;
  const frequencies = new Map<number, number>();
  for (const { slot } of collection.points()) {
    const stored = store.get(slot);
    if (stored?.kind !== "sparse") continue;
    for (const index of stored.indices)
      if (weights.has(index)) frequencies.set(index, (frequencies.get(index) ?? 0) + 1);
  }
  for (const [index, weight] of weights)
    weights.set(index, weight * idf(store.count, frequencies.get(index) ?? 0));
  return weights;
}

// The BM25 form, with one added so that words in more than half of the documents do not weigh negatively.
const idf = (documents: number, holding: number): number =>
  Math.log(1 + (documents - holding + 0.5) / (holding + 0.5));

/** Undefined when query and document share no index: such points are no results. */
function sparseScore(weights: ReadonlyMap<number, number>, stored: SparseVector): number | undefined {
  let sum = 0;
  let isShared = false;
  stored.indices.forEach((index, at) => {
    const weight = weights.get(index);
    if (weight === undefined) return;
    isShared = true;
    sum += weight * (stored.values[at] ?? 0);
  });
  return isShared ? Math.fround(sum) : undefined;
}
