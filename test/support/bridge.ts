// A bridge on the story machine: what is said to it, and what must be true of it.
import assert from "node:assert/strict";
import { vectorNumbers } from "../../src/migration/vector.ts";
import { fakeVector } from "./embedder.ts";
import { NEW, OLD, type StoryEnd, type StoryMachine } from "./machine.ts";

export const MIGRATE_BRIDGE = {
  action: "migrate",
  collection: "chat",
  sourceModel: "old",
  pageSizePoints: 7,
  layout: "bridge",
};

export const act = (machine: StoryMachine, action: string, more: object = {}): Promise<StoryEnd> =>
  machine.run({ action, collection: "chat", ...more });

export const vectorsAt = (machine: StoryMachine, collection: string, id: string) => {
  const vectors = machine.qdrant.points(collection).get(id)?.vectors ?? null;
  return { old: vectorNumbers(vectors, ""), new: vectorNumbers(vectors, "new") };
};

/** Text of an unnamed vector as a client of that model writes it. */
export const written = (content: string, model = OLD) => JSON.stringify([...fakeVector(model, content)]);

/** Every point of the source is in the target, with the old vector bit for bit and one of the new model. */
export function assertBridged(machine: StoryMachine, when = ""): void {
  const [source, target] = [machine.qdrant.points("chat_4d"), machine.qdrant.points("chat_8d")];
  assert.deepEqual([...target.keys()].sort(), [...source.keys()].sort(), when);
  for (const [id, { payload }] of source) {
    assert.equal(target.get(id)?.payload, payload, when);
    const { old, new: latest } = vectorsAt(machine, "chat_8d", id);
    assert.deepEqual(old, vectorsAt(machine, "chat_4d", id).old, `${when} ${id}`);
    assert.deepEqual(latest, fakeVector(NEW, JSON.parse(payload).content), `${when} ${id}`);
  }
}
