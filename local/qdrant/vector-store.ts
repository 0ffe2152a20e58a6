import type { VectorSpec } from "./collection-config.ts";
import type { Vector } from "./vector.ts";

// One allocation holds this many vectors: growing never copies what is stored, and 768-D blocks are 3 MiB.
const blockVectors = 1024;

const numberBytes: Readonly<Record<string, number>> = { float32: 4, float16: 2, uint8: 1 };

/** The vectors of one name, by slot. Dense ones lie side by side in blocks, so that a scan reads memory in order. */
export class VectorStore {
  readonly spec: VectorSpec;
  readonly #blocks: (Float32Array | undefined)[] = [];
  readonly #present: boolean[] = [];
  // Sparse vectors and multivectors have no fixed length; they are few in what this server is for.
  readonly #others = new Map<number, Vector>();
  #count = 0;

  constructor(spec: VectorSpec) {
    this.spec = spec;
  }

  get count(): number {
    return this.#count + this.#others.size;
  }

  get bytes(): number {
    let bytes = this.#count * this.spec.size * (numberBytes[this.spec.datatype] ?? 4);
    for (const vector of this.#others.values())
      if (vector.kind !== "dense") bytes += vector.values.byteLength * (vector.kind === "sparse" ? 2 : 1);
    return bytes;
  }

  has(slot: number): boolean {
    return this.#present[slot] === true || this.#others.has(slot);
  }

  /** The stored values themselves, not a copy. */
  dense(slot: number): Float32Array | undefined {
    if (this.#present[slot] !== true) return undefined;
    const start = (slot % blockVectors) * this.spec.size;
    return this.#blocks[Math.floor(slot / blockVectors)]?.subarray(start, start + this.spec.size);
  }

  get(slot: number): Vector | undefined {
    const values = this.dense(slot);
    return values === undefined ? this.#others.get(slot) : { kind: "dense", values };
  }

  set(slot: number, vector: Vector): void {
    if (vector.kind !== "dense") {
      this.#others.set(slot, vector);
      return;
    }
    const at = Math.floor(slot / blockVectors);
    this.#blocks[at] ??= new Float32Array(blockVectors * this.spec.size);
    this.#blocks[at]?.set(vector.values, (slot % blockVectors) * this.spec.size);
    if (this.#present[slot] !== true) this.#count += 1;
    this.#present[slot] = true;
  }

  delete(slot: number): void {
    if (this.#present[slot] === true) this.#count -= 1;
    if (slot < this.#present.length) this.#present[slot] = false;
    this.#others.delete(slot);
  }
}
