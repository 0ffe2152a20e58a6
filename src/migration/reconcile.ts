// The only writer. Makes one side equal to the other for a page or some ids: read both, write what differs,
// delete what is no longer there, then read the source again and repeat until it did not change meanwhile.
// Qdrant has no change log, so nothing here relies on order: only on reading again (DESIGN §3).
import { DEFAULTS } from "../defaults.ts";
import { type Comparison, comparePoint, isUnchanged, type Terms } from "./difference.ts";
import { PermanentError, TransientError } from "./errors.ts";
import { type DifferenceKind, differentIds } from "./found.ts";
import type { Interval, PointId } from "./ids.ts";
import { isInside } from "./ids.ts";
import { type Found, NOTHING_FOUND } from "./pass.ts";
import type { Side } from "./plan.ts";
import type { Deadline, Embedded, Embedder, Point, PointWrite, Qdrant } from "./ports.ts";
import type { Tally } from "./tally.ts";
import { textOf } from "./text.ts";
import { composeVectors, isSound } from "./vector.ts";

type Where = { readonly interval: Interval } | { readonly ids: readonly PointId[] };

export interface ReconcileJob {
  readonly qdrant: Qdrant;
  readonly from: Side;
  readonly to: Side;
  readonly terms: Terms;
  readonly where: Where;
  readonly pageSizePoints: number;
}

export interface ReconcileWrites {
  /** Makes the vectors of `to`; null when that side's model is not here: points that need it fail. */
  readonly embedder: Embedder | null;
  /** Called right before every write; throws when this reconcile may no longer write. */
  readonly guard: () => Promise<void>;
  readonly deadline: Deadline;
  /** Text of a JSON array for a vector. */
  readonly encodeVector: (vector: Float32Array) => string;
}

/** A point that could not be migrated. Ids and codes only. */
export interface Failure {
  readonly id: PointId;
  readonly reason: string;
  readonly retryable: boolean;
}

export interface Skip {
  readonly id: PointId;
  readonly reason: string;
}

export interface Reconciled {
  readonly found: Found;
  readonly tally: Tally;
  /** Points the target had and the source does not. */
  readonly deleted: number;
  readonly failures: readonly Failure[];
  readonly skipped: readonly Skip[];
  readonly rounds: number;
  readonly embedded: number;
  readonly tokens: number;
  /** Texts longer than the model's maximum, and the tokens beyond it. */
  readonly truncated: number;
  readonly tokensLost: number;
}

/** Looks only: what differs, and how. Points left out on purpose are not missing. */
export async function compareSides(job: ReconcileJob): Promise<Found> {
  const source = await readSide(job, "from");
  const target = await readSide(job, "to");
  return planChanges(job.terms, source, target).found;
}

/**
 * Makes `to` equal to `from` and says what became of each point.
 * @throws TransientError when the source changed on every round, or time ran out; the page is simply done again.
 */
export async function reconcile(job: ReconcileJob, writes: ReconcileWrites): Promise<Reconciled> {
  const work = new PageWork(job, writes);
  let source = await readSide(job, "from");
  for (let round = 1; round <= DEFAULTS.reconcileRoundsMax; round++) {
    const changes = planChanges(job.terms, source, await readSide(job, "to"));
    if (round === 1) work.found = changes.found;
    const wrote = await work.apply(changes);
    // Without a write of ours nobody's newer value can have been overwritten: no second look is needed.
    const again = wrote ? await readSide(job, "from") : source;
    if (isUnchanged(source, again)) return work.result(source, round);
    source = again;
  }
  throw new TransientError(
    `Points of ${job.from.collection} changed during each of ${DEFAULTS.reconcileRoundsMax} reads of their page; the page is tried again later.`,
    { fields: { collection: job.from.collection } },
  );
}

/** Every point of the page on the side that is the truth, with all of its vectors. */
export const readTruth = (job: ReconcileJob): Promise<ReadonlyMap<PointId, Point>> =>
  readSide({ ...job, to: job.from }, "to");

/** Every point of the page on one side. The source's own vector is not read: it is not carried. */
async function readSide(job: ReconcileJob, which: "from" | "to"): Promise<ReadonlyMap<PointId, Point>> {
  const { qdrant, where } = job;
  const collection = job[which].collection;
  const others = job.terms.carried.length > 0 ? job.terms.carried : false;
  const options = { payload: true, vectors: which === "to" ? true : others };
  if ("ids" in where) return byId(await qdrant.retrieve(collection, where.ids, options));
  const points: Point[] = [];
  for (let from = where.interval.lo; ; ) {
    const read = await qdrant.scroll(collection, from, job.pageSizePoints + 1, options);
    points.push(...read.points.filter((point) => isInside(point.id, where.interval)));
    if (read.next === null || !isInside(read.next, where.interval)) return byId(points);
    from = read.next;
  }
}

const byId = (points: readonly Point[]): ReadonlyMap<PointId, Point> =>
  new Map(points.map((point) => [point.id, point]));

interface Changes {
  readonly found: Found;
  readonly writes: readonly Comparison[];
  readonly deletes: readonly PointId[];
}

function planChanges(
  terms: Terms,
  source: ReadonlyMap<PointId, Point>,
  target: ReadonlyMap<PointId, Point>,
): Changes {
  const comparisons = [...source.values()].map((point) => comparePoint(point, target.get(point.id), terms));
  const unwanted = new Set(comparisons.filter(({ isWanted }) => !isWanted).map(({ source: { id } }) => id));
  const isLeftOut = (point: Point) => terms.keepsLeftOut && "empty" in textOf(point.payload, terms);
  const isExtra = (point: Point) => unwanted.has(point.id) || (!source.has(point.id) && !isLeftOut(point));
  const deletes = terms.mayDelete ? [...target.values()].filter(isExtra).map(({ id }) => id) : [];
  const found = { ...NOTHING_FOUND, checked: source.size, extra: deletes.length };
  const different = deletes.map((id) => ({ kind: "extra" as DifferenceKind, id }));
  for (const { difference, source: point } of comparisons) {
    if (difference === null) continue;
    found[difference]++;
    different.push({ kind: difference, id: point.id });
  }
  return {
    found: { ...found, ids: differentIds(different) },
    writes: comparisons.filter(({ difference }) => difference !== null),
    deletes,
  };
}

/** The work on one page: what was written, embedded and failed so far. Lives for one call of `reconcile`. */
class PageWork {
  found: Found = NOTHING_FOUND;
  readonly #job: ReconcileJob;
  readonly #writes: ReconcileWrites;
  readonly #written = new Set<PointId>();
  readonly #failed = new Map<PointId, Failure>();
  readonly #truncated = new Map<PointId, number>();
  #deleted = 0;
  #embedded = 0;
  #tokens = 0;

  constructor(job: ReconcileJob, writes: ReconcileWrites) {
    this.#job = job;
    this.#writes = writes;
  }

  /** True when anything was written. */
  async apply(changes: Changes): Promise<boolean> {
    this.#failed.clear();
    const writes = await this.#prepare(changes.writes);
    if (writes.length > 0) await this.#write(writes);
    if (changes.deletes.length > 0) {
      await this.#writes.guard();
      // Twice is harmless: ids that are gone are no error.
      await this.#job.qdrant.delete(this.#job.to.collection, changes.deletes, {
        beforeRepeat: this.#writes.guard,
      });
      this.#deleted += changes.deletes.length;
    }
    return writes.length > 0 || changes.deletes.length > 0;
  }

  result(source: ReadonlyMap<PointId, Point>, rounds: number): Reconciled {
    const terms = this.#job.terms;
    const skipped: Skip[] = [];
    let migrated = 0;
    for (const point of source.values()) {
      if (this.#failed.has(point.id)) continue;
      const { text } = comparePoint(point, undefined, terms);
      if ("empty" in text) skipped.push({ id: point.id, reason: text.empty });
      else if (this.#written.has(point.id)) migrated++;
    }
    const failures = [...this.#failed.values()];
    const unchanged = source.size - migrated - skipped.length - failures.length;
    return {
      found: this.found,
      tally: { total: source.size, migrated, unchanged, skipped: skipped.length, failed: failures.length },
      deleted: this.#deleted,
      failures,
      skipped,
      rounds,
      embedded: this.#embedded,
      tokens: this.#tokens,
      truncated: this.#truncated.size,
      tokensLost: [...this.#truncated.values()].reduce((sum, lost) => sum + lost, 0),
    };
  }

  async #prepare(comparisons: readonly Comparison[]): Promise<readonly PointWrite[]> {
    const toEmbed = comparisons.flatMap((one) =>
      "text" in one.text && one.reusable === null && !one.carriesOwn
        ? [{ id: one.source.id, text: one.text.text }]
        : [],
    );
    if (this.#job.terms.emptyText === "fail")
      for (const { source, text } of comparisons)
        if ("empty" in text)
          this.#failed.set(source.id, { id: source.id, reason: text.empty, retryable: false });
    const vectors = await this.#embed(toEmbed);
    return comparisons.flatMap((one) => {
      const { id, payload, vectors: carried } = one.source;
      if (this.#failed.has(id)) return [];
      // The side that is read has the vector itself: it is among the carried ones.
      const vector = one.carriesOwn ? null : (one.reusable?.text ?? vectors.get(id) ?? null);
      return [{ id, payload, vectors: composeVectors(this.#job.terms.shape.name, vector, carried) }];
    });
  }

  async #embed(
    asked: readonly { readonly id: PointId; readonly text: string }[],
  ): Promise<ReadonlyMap<PointId, string>> {
    const { embedder, deadline, encodeVector } = this.#writes;
    if (asked.length === 0) return new Map();
    if (embedder === null) {
      for (const { id } of asked) this.#failed.set(id, { id, reason: "model-not-here", retryable: true });
      return new Map();
    }
    if (deadline.remainingMs() < DEFAULTS.deadlineReserveMs)
      throw new TransientError("Too little time is left to embed another page; it is tried again later.");
    const made = await embedder.embed(
      asked.map(({ text }) => text),
      "passage",
    );
    if (made.length !== asked.length)
      throw new Error(
        `${asked.length} texts went into the model, ${made.length} outcomes came out. This is a bug.`,
      );
    const vectors = new Map<PointId, string>();
    asked.forEach(({ id }, index) => {
      const vector = this.#take(id, made[index]);
      if (vector !== null) vectors.set(id, encodeVector(vector));
    });
    return vectors;
  }

  #take(id: PointId, made: Embedded | undefined): Float32Array | null {
    if (made === undefined || !made.ok) {
      this.#failed.set(id, { id, reason: made?.reason ?? "no-outcome", retryable: false });
      return null;
    }
    if (!isSound(made.vector, this.#job.terms.shape)) {
      this.#failed.set(id, { id, reason: "unsound-vector", retryable: false });
      return null;
    }
    this.#embedded++;
    this.#tokens += made.tokens;
    if (made.tokensLost > 0) this.#truncated.set(id, made.tokensLost);
    return made.vector;
  }

  /** Twice is harmless: the same points again. A refused request is halved until the points at fault stand alone. */
  async #write(points: readonly PointWrite[]): Promise<void> {
    try {
      await this.#writes.guard();
      await this.#job.qdrant.upsert(this.#job.to.collection, points, {
        beforeRepeat: this.#writes.guard,
        makesShardKeys: true,
      });
      for (const { id } of points) this.#written.add(id);
    } catch (error) {
      if (!(error instanceof PermanentError) || !isAboutThePoints(error)) throw error;
      const [only] = points;
      if (points.length === 1 && only !== undefined) {
        this.#failed.set(only.id, {
          id: only.id,
          reason: `refused-${error.fields.status}`,
          retryable: false,
        });
        return;
      }
      const middle = Math.ceil(points.length / 2);
      await this.#write(points.slice(0, middle));
      await this.#write(points.slice(middle));
    }
  }
}

/** Bad request, too large, unprocessable: the server refuses these points; anything else is about the whole. */
const isAboutThePoints = ({ fields }: PermanentError): boolean =>
  fields.status === 400 || fields.status === 413 || fields.status === 422;
