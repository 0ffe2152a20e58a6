// A collection that nobody prepared for us: ids of every kind, payloads whose spelling matters, texts of all sorts.

import { demoMemories } from "../../demo/memories.ts";
import { openModels } from "../../src/embedding/open.ts";
import type { PointId } from "../../src/migration/ids.ts";
import type { Point, PointWrite, Qdrant } from "../../src/migration/ports.ts";
import { textOf } from "../../src/migration/text.ts";
import { encodeVector } from "../../src/qdrant/wire.ts";

const models = openModels({ modelDir: null, defaultModel: "static-384-8k", dimensions: null, threads: 1 });

export interface LoadOptions {
  readonly collection: string;
  readonly alias?: string;
  readonly count: number;
}

/** Memories with vectors of the built-in old model; the collection says nothing about its model. */
export async function loadMemories(qdrant: Qdrant, { collection, alias, count }: LoadOptions): Promise<void> {
  await qdrant.createCollection(collection, { vectors: { size: 384, distance: "Cosine" } });
  await qdrant.createPayloadIndex(collection, "user_id", "keyword");
  const memories = repeated(count);
  const embedder = await models.open(null);
  for (let start = 0; start < memories.length; start += 500) {
    const batch = memories.slice(start, start + 500);
    const texts = batch.map(({ payload }) => textOf(payload, { textKey: ["content"], textTemplate: null }));
    const made = await embedder.embed(
      texts.map((one) => ("text" in one ? one.text : "")),
      "passage",
    );
    const points: PointWrite[] = batch.map(({ id, payload }, index) => {
      const vector = made[index];
      return { id, payload, vectors: vector?.ok ? encodeVector(vector.vector) : "{}" };
    });
    await qdrant.upsert(collection, points);
  }
  if (alias !== undefined)
    await qdrant.changeAliases([{ create_alias: { collection_name: collection, alias_name: alias } }]);
}

/** The demonstration's memories, as often as needed, with other ids and a number in each payload. */
function repeated(count: number): readonly { readonly id: PointId; readonly payload: string }[] {
  const base = demoMemories();
  return Array.from({ length: count }, (_, index) => {
    const one = base[index % base.length];
    const turn = Math.floor(index / base.length);
    if (one === undefined) throw new Error("There are no memories.");
    return { id: shifted(one.id, turn), payload: one.payload.replace(/}$/, `,"turn":${turn}.0}`) };
  });
}

const shifted = (id: PointId, turn: number): PointId =>
  id.includes("-")
    ? `${turn.toString(16).padStart(8, "0")}${id.slice(8)}`
    : (BigInt(id) + BigInt(turn) * 10_000n).toString();

/** Every point of a collection, in order. */
export async function readAll(
  qdrant: Qdrant,
  collection: string,
  vectors = false,
): Promise<readonly Point[]> {
  const all: Point[] = [];
  for (let from: PointId | null = null; ; ) {
    const read: Awaited<ReturnType<Qdrant["scroll"]>> = await qdrant.scroll(collection, from, 1000, {
      vectors,
    });
    all.push(...read.points);
    if (read.next === null) return all;
    from = read.next;
  }
}
