import type { Linear } from "./linear.ts";

/** What calibration texts showed of a linear layer's input, channel by channel. */
export interface InputRange {
  readonly min: Float32Array;
  readonly max: Float32Array;
}

// SmoothQuant's middle way between the two sides (https://arxiv.org/abs/2211.10438, section 4).
const ALPHA = 0.5;

/**
 * A factor for each input channel: the input is divided by it and the weights are multiplied by it, which changes
 * nothing but what 8 bits have to hold. A few channels of these models are a hundred times as large as the rest;
 * they would take all steps of a token's scale for themselves.
 * @param linears layers that read the same input, and so must share its factors.
 */
export function smoothingOf(linears: readonly Linear[], range: InputRange): Float32Array {
  const inputs = range.max.length;
  const largest = Float32Array.from(range.max, (max, at) => Math.max(max, -(range.min[at] ?? 0)));
  // A channel that calibration never saw move must not get a factor without bound.
  const floor = 1e-3 * largest.reduce((a, b) => Math.max(a, b), 0);
  const logs = Float64Array.from({ length: inputs }, (_, channel) => {
    const activation = Math.max(largest[channel] ?? 0, floor, 1e-6);
    return (
      ALPHA * Math.log(activation) - (1 - ALPHA) * Math.log(Math.max(largestWeight(linears, channel), 1e-6))
    );
  });
  // Centred on 1, so that the numbers stay in the range they had.
  const mean = logs.reduce((a, b) => a + b, 0) / inputs;
  return Float32Array.from(logs, (log) => Math.exp(log - mean));
}

function largestWeight(linears: readonly Linear[], channel: number): number {
  let largest = 0;
  for (const { weights, outputs } of linears)
    for (let at = channel * outputs; at < (channel + 1) * outputs; at++)
      largest = Math.max(largest, Math.abs(weights[at] ?? 0));
  return largest;
}

/** Weights in 8 bits, one scale for each output: `weights[i, o] ~ values[i, o] * scales[o]`. */
export interface QuantizedWeights {
  readonly values: Int8Array;
  readonly scales: Float32Array;
}

/** @param factors of the input channels: see `smoothingOf`; null: none. */
export function quantizeWeights(
  { weights, inputs, outputs }: Linear,
  factors: Float32Array | null,
): QuantizedWeights {
  const scales = new Float32Array(outputs);
  for (let i = 0; i < inputs; i++)
    for (let o = 0; o < outputs; o++)
      scales[o] = Math.max(scales[o] ?? 0, Math.abs((weights[i * outputs + o] ?? 0) * (factors?.[i] ?? 1)));
  for (let o = 0; o < outputs; o++) scales[o] = Math.max(scales[o] ?? 0, 1e-9) / 127;
  const values = new Int8Array(weights.length);
  for (let i = 0; i < inputs; i++)
    for (let o = 0; o < outputs; o++)
      values[i * outputs + o] = Math.round(
        ((weights[i * outputs + o] ?? 0) * (factors?.[i] ?? 1)) / (scales[o] ?? 1),
      );
  return { values, scales };
}
