// What every memory must be, kept beside the run: the last word of its writer. Each memory has one writer, who
// says one thing at a time about it, so there is always one right answer.
import type { PointId } from "../../src/migration/ids.ts";
import type { FakeQdrant } from "../support/qdrant.ts";
import {
  answering,
  areSameVectors,
  PLAIN,
  pointsOf,
  READERS_NAME,
  type Setting,
  TARGET,
  vectorsIn,
} from "./setting.ts";

/** The text of a JSON object; null: there is no such memory. */
export type Memory = string | null;

export class Truth {
  setting: Setting = PLAIN;
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
    const serving = answering(qdrant, READERS_NAME);
    const { source } = this.setting;
    const other = serving === source ? TARGET : source;
    const ids = new Set([
      ...this.#memories.keys(),
      ...pointsOf(qdrant, source).keys(),
      ...pointsOf(qdrant, TARGET).keys(),
    ]);
    const keys = (qdrant.shards.get(serving) ?? []).map(({ key }) => key);
    const carried = new Set(qdrant.shards.get(other)?.map(({ key }) => key));
    const lacking = lenient ? [] : keys.filter((key) => !carried.has(key));
    const wrongKeys = lacking.map((key) => `shard key ${key} is not in ${other}`);
    const wrongPoints = [...ids].flatMap((id) => {
      if (this.isPending(id)) return [];
      const [there, elsewhere] = [memoryIn(qdrant, serving, id), memoryIn(qdrant, other, id)];
      const wrong = this.#wrongServing(qdrant, serving, id);
      if (wrong.length > 0) return wrong;
      if (lenient && this.untold.has(id)) return [];
      if (there !== elsewhere) return [`${id} is ${there} in ${serving} and ${elsewhere} in ${other}`];
      return [serving, other].flatMap((collection) => this.#wrongVector(qdrant, collection, id));
    });
    return [...wrongKeys, ...wrongPoints];
  }

  /** What is wrong with the collection that serves alone. */
  checkServing(qdrant: FakeQdrant): readonly string[] {
    const serving = answering(qdrant, READERS_NAME);
    const ids = new Set([...this.#memories.keys(), ...pointsOf(qdrant, serving).keys()]);
    return [...ids].flatMap((id) => this.#wrongServing(qdrant, serving, id));
  }

  #wrongServing(qdrant: FakeQdrant, serving: string, id: PointId): readonly string[] {
    if (this.isPending(id)) return [];
    const there = memoryIn(qdrant, serving, id);
    const isRight = this.#repeated.has(id) ? this.#everSaid.get(id)?.has(there) : there === this.get(id);
    return isRight ? [] : [`${id} in ${serving} is ${there}, its writer said ${this.get(id)}`];
  }

  #wrongVector(qdrant: FakeQdrant, collection: string, id: PointId): readonly string[] {
    const point = pointsOf(qdrant, collection).get(id);
    if (point === undefined) return [];
    const wanted = vectorsIn(this.setting, collection, point.payload);
    return areSameVectors(point.vectors, wanted)
      ? []
      : [`${id} in ${collection} has a vector of another text or model, or not all of them`];
  }

  #remember(id: PointId, memory: Memory): void {
    const said = this.#everSaid.get(id) ?? new Set<Memory>([null]);
    this.#everSaid.set(id, said.add(memory));
  }
}

const memoryIn = (qdrant: FakeQdrant, collection: string, id: PointId): Memory =>
  pointsOf(qdrant, collection).get(id)?.payload ?? null;
