import type { Pooling } from "./description.ts";

/** Output of the graph for a batch. */
export interface GraphOutput {
  /** `[rows, width, dimensions]` of token vectors, or `[rows, dimensions]` when the graph pools. */
  readonly data: Float32Array;
  readonly rows: number;
  readonly width: number;
  readonly dimensions: number;
}

/** Row by row to one vector a text: `[rows, dimensions]`, scaled to length 1 when `normalized`. */
export function poolRows(
  output: GraphOutput,
  lengths: Int32Array,
  how: { readonly pooling: Pooling; readonly normalized: boolean },
): Float32Array<ArrayBuffer> {
  const { rows, dimensions } = output;
  const vectors = new Float32Array(rows * dimensions);
  for (let row = 0; row < rows; row++) {
    const vector = vectors.subarray(row * dimensions, (row + 1) * dimensions);
    if (how.pooling === "mean") meanInto(vector, output, row, lengths[row] ?? 0);
    else vector.set(firstRow(output, row, how.pooling));
    if (how.normalized) normalize(vector);
  }
  return vectors;
}

function firstRow(output: GraphOutput, row: number, pooling: "cls" | "pooled"): Float32Array {
  const stride = pooling === "cls" ? output.width * output.dimensions : output.dimensions;
  return output.data.subarray(row * stride, row * stride + output.dimensions);
}

/** Mean over the real tokens: padding is behind them, so the mask is a length. */
function meanInto(
  vector: Float32Array,
  { data, width, dimensions }: GraphOutput,
  row: number,
  length: number,
): void {
  const sums = new Float64Array(dimensions);
  const start = row * width * dimensions;
  for (let token = 0; token < length; token++) {
    const at = start + token * dimensions;
    for (let d = 0; d < dimensions; d++) sums[d] = (sums[d] ?? 0) + (data[at + d] ?? 0);
  }
  for (let d = 0; d < dimensions; d++) vector[d] = (sums[d] ?? 0) / length;
}

/** A vector of zeros stays as it is: its length is checked by who reads it. */
function normalize(vector: Float32Array): void {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const scale = squares === 0 ? 0 : 1 / Math.sqrt(squares);
  for (let d = 0; d < vector.length; d++) vector[d] = (vector[d] ?? 0) * scale;
}
