// On a bridge a writer may know only one of the vectors. The missing one is made from the point's text and written
// beside what is there, and only while the text is still that one: the server decides it in the write itself. Nothing
// else of the point is touched. A vector that is there is replaced only after a touch, and only when it is not of the
// text as it is now.
import { DEFAULTS } from "../defaults.ts";
import { PermanentError, TransientError } from "./errors.ts";
import type { PointId } from "./ids.ts";
import type { Embedder, Models, Point, Qdrant } from "./ports.ts";
import type { OwnVector } from "./puts.ts";
import { type TextPlace, textFields, textOf } from "./text.ts";
import { cosine, isSound, storedVector, vectorNumbers } from "./vector.ts";

export interface CompleteJob {
  readonly qdrant: Qdrant;
  /** The side readers see. */
  readonly collection: string;
  readonly vectors: readonly OwnVector[];
  readonly place: TextPlace;
  /** Reads the points that are looked after, with payload and vectors. */
  readonly read: () => Promise<ReadonlyMap<PointId, Point>>;
}

export interface CompleteWrites {
  readonly models: Pick<Models, "openContract">;
  readonly encodeVector: (vector: Float32Array) => string;
  /** Called right before every write; throws when nothing may be written any more. */
  readonly guard: () => Promise<void>;
  /**
   * Also look whether the vectors are of the text as it is now: a touch says that they may not be. All of them: one that
   * was made here, by a function that was killed before its second look, cannot be told from an application's.
   */
  readonly checksText: boolean;
}

/** How many points with text lack a vector whose model is known. */
export function countIncomplete(
  points: Iterable<Point>,
  { vectors, place }: Pick<CompleteJob, "vectors" | "place">,
): number {
  let count = 0;
  for (const point of points) {
    const lacks = ({ shape, contract }: OwnVector) =>
      contract !== null && storedVector(point.vectors, shape).state === "absent";
    if ("text" in textOf(point.payload, place) && vectors.some(lacks)) count++;
  }
  return count;
}

/**
 * Makes what is missing, then reads again and repeats until the texts did not change meanwhile.
 * Twice is harmless: a vector that is there is left, and one of an older text is made anew.
 * @throws TransientError when the points changed on every round.
 * @throws PermanentError after a touch of points that lack the collection's own vector, when its model is not here.
 */
export async function completePoints(job: CompleteJob, writes: CompleteWrites): Promise<void> {
  const makers: Maker[] = [];
  for (const [index, { shape, contract }] of job.vectors.entries()) {
    const embedder = contract === null ? null : await writes.models.openContract(contract);
    const isOwn = index === 0;
    // An older model that is not here any more makes nothing; `verify` counts what lacks its vector.
    const sameCosine = isOwn ? DEFAULTS.gateCosine : DEFAULTS.provenCosine;
    if (embedder !== null) makers.push(new Maker({ job, writes, shape, embedder, sameCosine }));
    else if (isOwn && writes.checksText) await refuseIncomplete(job, { shape, contract });
  }
  for (let round = 0; round < DEFAULTS.reconcileRoundsMax; round++) {
    const points = await job.read();
    let wrote = false;
    for (const maker of makers) wrote = (await maker.complete([...points.values()])) || wrote;
    if (!wrote) return;
  }
  throw new TransientError(
    `Points of ${job.collection} changed during each of ${DEFAULTS.reconcileRoundsMax} looks at their vectors; they are looked at again later.`,
    { fields: { collection: job.collection } },
  );
}

/** A touch that is done without the vector readers look for would be lost. */
async function refuseIncomplete(job: CompleteJob, own: OwnVector): Promise<void> {
  const lacking = countIncomplete((await job.read()).values(), { vectors: [own], place: job.place });
  if (lacking > 0)
    throw new PermanentError(
      `The model ${own.contract?.id ?? ""} of ${job.collection} is not in this function, and ${lacking} of the points touched lack its vector; the event waits for a function that has it.`,
      { fields: { collection: job.collection } },
    );
}

interface MakerParts {
  readonly job: CompleteJob;
  readonly writes: CompleteWrites;
  readonly shape: OwnVector["shape"];
  readonly embedder: Embedder;
  /** A vector is of a text when it is at least so close to the one made of it: our own exactly, an application's nearly. */
  readonly sameCosine: number;
}

/** Makes one of the vectors. Lives for one call of `completePoints`. */
class Maker {
  readonly #parts: MakerParts;
  /** Texts of the vectors that were written here: only these are ever replaced for another text. */
  readonly #written = new Map<PointId, string>();
  readonly #made = new Map<string, Float32Array | null>();

  constructor(parts: MakerParts) {
    this.#parts = parts;
  }

  /** True when anything was written: then the points must be read again. */
  async complete(points: readonly Point[]): Promise<boolean> {
    const { job, shape, writes } = this.#parts;
    const { checksText } = writes;
    const read = points.map((point) => {
      const text = textOf(point.payload, job.place);
      const state = storedVector(point.vectors, shape).state;
      return { point, text: "text" in text ? text.text : null, isThere: state !== "absent" };
    });
    const missing = read.flatMap(({ point, text, isThere }) =>
      text === null || isThere ? [] : [{ point, text }],
    );
    const there = read.flatMap(({ point, text, isThere }) => (isThere ? [{ point, text }] : []));
    const isOutdated = (id: PointId, text: string | null) =>
      this.#written.has(id) && this.#written.get(id) !== text;
    const gone = there.flatMap(({ point: { id }, text }) =>
      text === null && isOutdated(id, text) ? [id] : [],
    );
    const kept = there.flatMap(({ point, text }) => (text === null ? [] : [{ point, id: point.id, text }]));
    await this.#embed([
      ...missing,
      ...(checksText ? kept : kept.filter(({ id, text }) => isOutdated(id, text))),
    ]);
    const outdated = kept.filter(
      ({ point, id, text }) => isOutdated(id, text) || (checksText && !this.#isOf(point, text)),
    );
    const didAdd = await this.#write(missing, true);
    const didReplace = await this.#write(outdated, false);
    return (await this.#take(gone)) || didAdd || didReplace;
  }

  /** True for a vector of this very text; also where no vector can be made of it. */
  #isOf(point: Point, text: string): boolean {
    const made = this.#made.get(text) ?? null;
    const stored = vectorNumbers(point.vectors, this.#parts.shape.name);
    if (made === null) return true;
    return stored?.length === made.length && cosine(stored, made) >= this.#parts.sameCosine;
  }

  async #embed(asked: readonly { readonly text: string }[]): Promise<void> {
    const texts = [...new Set(asked.map(({ text }) => text))].filter((text) => !this.#made.has(text));
    if (texts.length === 0) return;
    const made = await this.#parts.embedder.embed(texts, "passage");
    texts.forEach((text, index) => {
      const one = made[index];
      // What cannot be embedded stays without this vector; its writer knows the point, and verify counts it.
      this.#made.set(text, one?.ok && isSound(one.vector, this.#parts.shape) ? one.vector : null);
    });
  }

  async #write(
    asked: readonly { readonly point: Point; readonly text: string }[],
    onlyMissing: boolean,
  ): Promise<boolean> {
    const { job, writes, shape } = this.#parts;
    const points = asked.flatMap(({ point: { id, payload }, text }) => {
      const vector = this.#made.get(text) ?? null;
      if (vector === null) return [];
      const vectors = `{${JSON.stringify(shape.name)}:${writes.encodeVector(vector)}}`;
      return [{ id, text, vectors, onlyWhile: textFields(payload, job.place) }];
    });
    if (points.length === 0) return false;
    // Noted first: a write whose answer is lost may have been applied.
    for (const { id, text } of points) this.#written.set(id, text);
    await writes.guard();
    await this.#passDeleted(() =>
      job.qdrant.updateVectors(job.collection, points, {
        beforeRepeat: writes.guard,
        ...(onlyMissing ? { onlyWithout: shape.name } : {}),
      }),
    );
    return true;
  }

  /** The text went while its vector was made: the vector goes too. */
  async #take(ids: readonly PointId[]): Promise<boolean> {
    if (ids.length === 0) return false;
    await this.#parts.writes.guard();
    const { job, shape } = this.#parts;
    const options = { beforeRepeat: this.#parts.writes.guard };
    await this.#passDeleted(() => job.qdrant.deleteVector(job.collection, shape.name, ids, options));
    for (const id of ids) this.#written.delete(id);
    return true;
  }

  /** 404: one of the points was deleted meanwhile; the next read does not have it any more. */
  async #passDeleted(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!(error instanceof PermanentError) || error.fields.status !== 404) throw error;
    }
  }
}
