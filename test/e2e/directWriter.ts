// Somebody who writes memories while they are migrated, in three ways, and remembers what was said last: put and
// delete events, direct writes with a touch, direct writes nobody is told of. Each memory has one way.
import assert from "node:assert/strict";
import type { PointId } from "../../src/migration/ids.ts";
import type { Embedder, Models, Point, Qdrant } from "../../src/migration/ports.ts";
import { textOf } from "../../src/migration/text.ts";
import { cosine, vectorNumbers } from "../../src/migration/vector.ts";
import { encodeVector } from "../../src/qdrant/wire.ts";
import { readAll } from "../support/memories.ts";
import type { Random } from "../support/random.ts";

type Way = "put" | "touch" | "untold";
const WAYS: readonly Way[] = ["put", "touch", "untold"];
const WRITES_A_WAY = 4;
const NEW_IDS = 60;
const FIRST_NEW_ID = 1_000_000;

export interface Writing {
  readonly qdrant: Qdrant;
  readonly models: Models;
  readonly random: Random;
  readonly alias: string;
}

export class DirectWriter {
  readonly qdrant: Qdrant;
  readonly #writing: Writing;
  readonly #truth = new Map<PointId, string>();
  readonly #own: Readonly<Record<Way, PointId[]>> = { put: [], touch: [], untold: [] };
  /** The other side hears of these in the next pass. */
  readonly #untold = new Set<PointId>();
  #events: string[] = [];
  #count = 0;

  constructor(writing: Writing) {
    this.qdrant = writing.qdrant;
    this.#writing = writing;
  }

  /** What is there at the start; each memory, and some that are yet to come, gets its way. */
  async learn(): Promise<void> {
    for (const { id, payload } of await readAll(this.qdrant, this.#writing.alias))
      this.#truth.set(id, payload);
    const fresh = Array.from({ length: NEW_IDS }, (_, index) => String(FIRST_NEW_ID + index));
    [...this.#truth.keys(), ...fresh].forEach((id, index) => {
      this.#own[WAYS[index % WAYS.length] ?? "put"].push(id);
    });
  }

  /** Writes through the alias, like every reader, and notes the events that are to be sent. */
  async write(): Promise<void> {
    const { random, alias } = this.#writing;
    const collection = (await this.qdrant.aliases()).find((one) => one.alias === alias)?.collection ?? "";
    for (const way of WAYS)
      for (let write = 0; write < WRITES_A_WAY; write++) {
        const id = random.pick(this.#own[way]);
        const payload = random.int(4) === 0 ? null : this.#newPayload(id);
        if (way === "put") this.#noteEvent(id, payload);
        else await this.#writeDirectly(collection, id, payload);
        if (way === "touch") this.#note({ op: "touch", ids: [idOf(id)] });
        if (way === "untold") this.#untold.add(id);
        if (payload === null) this.#truth.delete(id);
        else this.#truth.set(id, payload);
      }
  }

  takeEvents(): readonly string[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** Both sides, every id and payload, and each vector by its length and its meaning. */
  async check({ serving, other }: { readonly serving: string; readonly other: string }): Promise<void> {
    const [alias] = await this.qdrant.aliases();
    assert.equal(alias?.collection, serving);
    const [here, there] = [
      await readAll(this.qdrant, serving, true),
      await readAll(this.qdrant, other, true),
    ];
    assert.deepEqual(payloadsOf(here), new Map([...this.#truth].sort()));
    const told = (id: PointId) => !this.#untold.has(id);
    assert.deepEqual(payloadsOf(there, told), new Map([...this.#truth].filter(([id]) => told(id)).sort()));
    await this.#checkVectors(serving, here);
    await this.#checkVectors(other, there);
    this.#untold.clear();
  }

  async #checkVectors(collection: string, points: readonly Point[]): Promise<void> {
    const embedder = await this.#modelOf(collection);
    for (const { id, payload, vectors } of points) {
      const found = vectorNumbers(vectors, "");
      const wanted = await vectorOf(embedder, payload);
      const where = `the vector of ${id} in ${collection}`;
      // The fixture's old memories have a vector even without a text.
      if (wanted === null && collection.endsWith("_384d")) continue;
      assert.equal(found?.length, wanted?.length, where);
      if (found === null || wanted === null) continue;
      assert.ok(Math.abs(Math.hypot(...found) - 1) < 1e-5, `${where} has length 1`);
      assert.ok(cosine(found, wanted) > 0.9999, `${where} is of its text`);
    }
  }

  async #writeDirectly(collection: string, id: PointId, payload: string | null): Promise<void> {
    if (payload === null) return this.qdrant.delete(collection, [id]);
    const vector = await vectorOf(await this.#modelOf(collection), payload);
    const vectors = vector === null ? "{}" : encodeVector(vector);
    await this.qdrant.upsert(collection, [{ id, payload, vectors }]);
  }

  #modelOf(collection: string): Promise<Embedder> {
    return this.#writing.models.open(collection.endsWith("_768d") ? "static-768-8k" : "static-384-8k");
  }

  #newPayload(id: PointId): string {
    const n = ++this.#count;
    return n % 7 === 0 ? `{"n":${n}}` : `{"content":"what was said number ${n} of ${id}","n":${n}}`;
  }

  #noteEvent(id: PointId, payload: string | null): void {
    if (payload === null) this.#note({ op: "delete", ids: [idOf(id)] });
    else this.#note({ op: "put", points: [{ id: idOf(id), payload: JSON.parse(payload) }] });
  }

  #note(event: object): void {
    this.#events.push(JSON.stringify({ v: 1, ...event }));
  }
}

/** Ids beyond 2^53 go as text. */
const idOf = (id: PointId): number | string => (Number.isSafeInteger(Number(id)) ? Number(id) : id);

const payloadsOf = (points: readonly Point[], isWanted: (id: PointId) => boolean = () => true) =>
  new Map(
    points
      .filter(({ id }) => isWanted(id))
      .map(({ id, payload }): [PointId, string] => [id, payload])
      .sort(),
  );

async function vectorOf(embedder: Embedder, payload: string): Promise<Float32Array | null> {
  const text = textOf(payload, { textKey: ["content"], textTemplate: null });
  if (!("text" in text)) return null;
  const [made] = await embedder.embed([text.text], "passage");
  return made?.ok ? made.vector : null;
}
