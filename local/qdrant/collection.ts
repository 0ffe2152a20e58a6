import type { PointId } from "../../src/migration/ids.ts";
import { type CollectionConfig, type VectorSpec, vectorSpecs } from "./collection-config.ts";
import { Payload } from "./payload.ts";
import { noteInIndex, type PayloadIndex } from "./payload-index.ts";
import { sliceHash } from "./slice.ts";
import { SortedIds } from "./sorted-ids.ts";
import type { Vector } from "./vector.ts";
import { VectorStore } from "./vector-store.ts";

/** A stored point. `slot` is its place in the vector stores; `version` the operation that last wrote it. */
export interface Point {
  readonly id: PointId;
  readonly slot: number;
  version: number;
  payload: Payload;
  sliceHash?: bigint;
}

export type Vectors = ReadonlyMap<string, Vector>;

/** One collection in memory. It knows nothing of requests, aliases or files. */
export class Collection {
  readonly name: string;
  readonly ids = new SortedIds();
  readonly indexes = new Map<string, PayloadIndex>();
  /** Points changed or removed since the last `takeChanges`, for the log. */
  readonly #changed = new Set<PointId>();
  readonly #points = new Map<PointId, Point>();
  readonly #slots: (Point | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #stores = new Map<string, VectorStore>();
  #config: CollectionConfig;
  #specs: ReadonlyMap<string, VectorSpec> = new Map();
  /** The number of the last operation; the next one gets the number after it. */
  operation = 0;
  /** How many vectors the optimizer of a real server would have indexed by now. */
  indexedVectors = 0;

  constructor(name: string, config: CollectionConfig) {
    this.name = name;
    this.#config = config;
    this.configure(config);
  }

  get config(): CollectionConfig {
    return this.#config;
  }

  /** Takes a new configuration; vectors whose name it no longer has are dropped. */
  configure(config: CollectionConfig): void {
    this.#config = config;
    const specs = vectorSpecs(config);
    this.#specs = specs;
    for (const name of this.#stores.keys()) if (!specs.has(name)) this.#stores.delete(name);
    for (const [name, spec] of specs)
      if (!this.#stores.has(name)) this.#stores.set(name, new VectorStore(spec));
  }

  get count(): number {
    return this.#points.size;
  }

  get specs(): ReadonlyMap<string, VectorSpec> {
    return this.#specs;
  }

  /** About how many bytes the points take, for deciding how much of a log is history. */
  get bytes(): number {
    let bytes = 0;
    for (const { payload } of this.points()) bytes += payload.text.length;
    return bytes + this.vectorBytes;
  }

  /** Bytes of the vectors as a real server would store them. */
  get vectorBytes(): number {
    let bytes = 0;
    for (const store of this.#stores.values()) bytes += store.bytes;
    return bytes;
  }

  store(name: string): VectorStore | undefined {
    return this.#stores.get(name);
  }

  stores(): Iterable<[string, VectorStore]> {
    return this.#stores;
  }

  point(id: PointId): Point | undefined {
    return this.#points.get(id);
  }

  /** All points, in slot order: the order in which their vectors lie in memory. */
  *points(): Generator<Point> {
    for (const point of this.#slots) if (point !== undefined) yield point;
  }

  /** Points in id order, from the first id that is not below `from`. */
  *pointsFrom(from: PointId | null): Generator<Point> {
    for (const id of this.ids.from(from)) {
      const point = this.#points.get(id);
      if (point !== undefined) yield point;
    }
  }

  vectorsOf(point: Point): Map<string, Vector> {
    const vectors = new Map<string, Vector>();
    for (const [name, store] of this.#stores) {
      const vector = store.get(point.slot);
      if (vector !== undefined) vectors.set(name, vector);
    }
    return vectors;
  }

  /** Writes a point wholly: payload and vectors it had before are gone. */
  put(id: PointId, version: number, payload: Payload, vectors: Vectors): void {
    const point = this.#points.get(id) ?? this.#insert(id);
    for (const [name, store] of this.#stores) {
      const vector = vectors.get(name);
      if (vector === undefined) store.delete(point.slot);
      else store.set(point.slot, vector);
    }
    this.setPayload(point, version, payload);
  }

  setPayload(point: Point, version: number, payload: Payload): void {
    point.payload = payload;
    for (const index of this.indexes.values()) noteInIndex(index, point.slot, payload);
    this.touch(point, version);
  }

  /** Marks a point as written by an operation. */
  touch(point: Point, version: number): void {
    point.version = version;
    this.#changed.add(point.id);
  }

  remove(id: PointId): void {
    const point = this.#points.get(id);
    if (point === undefined) return;
    this.#points.delete(id);
    this.ids.delete(id);
    this.#slots[point.slot] = undefined;
    this.#free.push(point.slot);
    for (const store of this.#stores.values()) store.delete(point.slot);
    for (const index of this.indexes.values()) index.slots.delete(point.slot);
    this.#changed.add(id);
  }

  addIndex(index: PayloadIndex): void {
    this.indexes.set(index.field, index);
    for (const point of this.points()) noteInIndex(index, point.slot, point.payload);
  }

  /** The ids changed since the last call. */
  takeChanges(): PointId[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  #insert(id: PointId): Point {
    const slot = this.#free.pop() ?? this.#slots.length;
    const point: Point = { id, slot, version: 0, payload: new Payload("{}") };
    this.#slots[slot] = point;
    this.#points.set(id, point);
    this.ids.add(id);
    return point;
  }
}

/** The slice hash of a point, computed once. */
export function sliceHashOf(point: Point): bigint {
  point.sliceHash ??= sliceHash(point.id);
  return point.sliceHash;
}
