import { writeFloat, writeFloats } from "./float.ts";

/** A vector of a point. A multivector is its rows one after the other. */
export type Vector = DenseVector | SparseVector | MultiVector;

interface DenseVector {
  readonly kind: "dense";
  readonly values: Float32Array;
}

/** `indices` ascending. */
export interface SparseVector {
  readonly kind: "sparse";
  readonly indices: Uint32Array;
  readonly values: Float32Array;
}

export interface MultiVector {
  readonly kind: "multi";
  readonly size: number;
  readonly values: Float32Array;
}

/** The rows of a multivector, without copying. */
export function rowsOf(vector: MultiVector): Float32Array[] {
  const rows: Float32Array[] = [];
  for (let at = 0; at < vector.values.length; at += vector.size)
    rows.push(vector.values.subarray(at, at + vector.size));
  return rows;
}

export function writeVector(vector: Vector): string {
  if (vector.kind === "dense") return writeFloats(vector.values);
  if (vector.kind === "multi") return `[${rowsOf(vector).map(writeFloats).join(",")}]`;
  const values = Array.from(vector.values, writeFloat).join(",");
  return `{"indices":[${vector.indices.join(",")}],"values":[${values}]}`;
}
