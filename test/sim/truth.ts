// What every memory must be, kept beside the run: the last word of its writer. Each memory has one writer, who
// says one thing at a time about it, so there is always one right answer.
import type { PointId } from "../../src/migration/ids.ts";
import { vectorNumbers } from "../../src/migration/vector.ts";
import { fakeVector } from "../support/embedder.ts";
import { NEW, OLD } from "../support/machine.ts";
import type { FakeQdrant } from "../support/qdrant.ts";

export const ALIAS = "chat";
export const SOURCE = "chat_4d";
export const TARGET = "chat_8d";

/** The text of a JSON object; null: there is no such memory. */
export type Memory = string | null;

export class Truth {
  readonly #memories = new Map<PointId, Memory>();
  /** Events under way: either answer is right. */
  readonly #pending = new Map<PointId, Memory>();
  /** An event of these may come again after a newer one: anything that was ever said is right. */
  readonly #everSaid = new Map<PointId, Set<Memory>>();
  readonly #repeated = new Set<PointId>();
  /** Written directly and told to nobody: the other side hears of it in the next pass. */
  readonly untold = new Set<PointId>();

  get(id: PointId): Memory {
    return this.#memories.get(id) ?? null;
  }

  set(id: PointId, memory: Memory): void {
    this.#remember(id, memory);
    this.#memories.set(id, memory);
  }

  ask(id: PointId, memory: Memory): void {
    this.#remember(id, memory);
    this.#pending.set(id, memory);
  }

  isPending(id: PointId): boolean {
    return this.#pending.has(id);
  }

  settle(id: PointId): void {
    const memory = this.#pending.get(id);
    if (memory !== undefined) this.set(id, memory);
    this.#pending.delete(id);
  }

  repeat(id: PointId): void {
    this.#repeated.add(id);
  }

  /** What is wrong with the two sides right now, in words; `lenient` leaves out what only the next pass tells. */
  check(qdrant: FakeQdrant, { lenient }: { readonly lenient: boolean }): readonly string[] {
    const serving = qdrant.names.get(ALIAS) ?? "";
    const other = serving === SOURCE ? TARGET : SOURCE;
    const ids = new Set([
      ...this.#memories.keys(),
      ...qdrant.points(SOURCE).keys(),
      ...qdrant.points(TARGET).keys(),
    ]);
    return [...ids].flatMap((id) => {
      if (this.isPending(id)) return [];
      const [there, elsewhere] = [memoryIn(qdrant, serving, id), memoryIn(qdrant, other, id)];
      const wrong = this.#wrongServing(qdrant, serving, id);
      if (wrong.length > 0) return wrong;
      if (lenient && this.untold.has(id)) return [];
      if (there !== elsewhere) return [`${id} is ${there} in ${serving} and ${elsewhere} in ${other}`];
      return [serving, other].flatMap((collection) => wrongVector(qdrant, collection, id));
    });
  }

  /** What is wrong with the collection that serves alone. */
  checkServing(qdrant: FakeQdrant): readonly string[] {
    const serving = qdrant.names.get(ALIAS) ?? "";
    const ids = new Set([...this.#memories.keys(), ...qdrant.points(serving).keys()]);
    return [...ids].flatMap((id) => this.#wrongServing(qdrant, serving, id));
  }

  #wrongServing(qdrant: FakeQdrant, serving: string, id: PointId): readonly string[] {
    if (this.isPending(id)) return [];
    const there = memoryIn(qdrant, serving, id);
    const isRight = this.#repeated.has(id) ? this.#everSaid.get(id)?.has(there) : there === this.get(id);
    return isRight ? [] : [`${id} in ${serving} is ${there}, its writer said ${this.get(id)}`];
  }

  #remember(id: PointId, memory: Memory): void {
    const said = this.#everSaid.get(id) ?? new Set<Memory>([null]);
    this.#everSaid.set(id, said.add(memory));
  }
}

const memoryIn = (qdrant: FakeQdrant, collection: string, id: PointId): Memory =>
  qdrant.points(collection).get(id)?.payload ?? null;

/** The vector this collection's model makes of a payload, as JSON; `{}` where there is no text. */
export function vectorIn(collection: string, payload: string): string {
  const { content }: { content?: string } = JSON.parse(payload);
  if (content === undefined || content === "") return "{}";
  return JSON.stringify([...fakeVector(collection === SOURCE ? OLD : NEW, content)]);
}

function wrongVector(qdrant: FakeQdrant, collection: string, id: PointId): readonly string[] {
  const point = qdrant.points(collection).get(id);
  if (point === undefined) return [];
  const [found, wanted] = [point.vectors, vectorIn(collection, point.payload)].map((text) =>
    vectorNumbers(text ?? null, ""),
  );
  const isSame = JSON.stringify(found) === JSON.stringify(wanted);
  return isSame ? [] : [`${id} in ${collection} has a vector of another text or model`];
}
