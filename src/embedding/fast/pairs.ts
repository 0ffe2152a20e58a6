import { type GraphEditor, RUNTIME_DOMAIN } from "./graph.ts";
import type { Linear } from "./linear.ts";
import type { QuantizedWeights } from "./smooth.ts";

// A number of 16 bits as two of 8: (high + low / LOW_STEPS) * scale. What rounding to a step leaves is at most half a
// step, and half of this is the largest number that 8 bits hold.
const LOW_STEPS = 254;

interface Rounded {
  /** `[tokens, inputs]` before rounding. */
  readonly rows: string;
  /** The same in 8 bits, with a scale and a zero point for each token. */
  readonly values: string;
  readonly scales: string;
  readonly zeros: string;
}

/** What rounding left of an input, in steps that are `LOW_STEPS` times as fine. */
export function lowHalf(editor: GraphEditor, { rows, values, scales, zeros }: Rounded): string {
  const byToken = { domain: RUNTIME_DOMAIN, attributes: { axis: 0 } };
  const rest = editor.add("Sub", [rows, editor.add("DequantizeLinear", [values, scales, zeros], byToken)]);
  const fine = editor.add("Mul", [scales, lowStep(editor)]);
  return editor.add("QuantizeLinear", [rest, fine, zeros], byToken);
}

/** What one low half counts, as a scale. */
export const lowStep = (editor: GraphEditor): string =>
  editor.addConstant("remaster/low_step", Float32Array.of(1 / LOW_STEPS), []);

/** What rounding left of the weights; null when it left nothing, because they came from 8 bits. */
export function lowWeights(
  { weights, outputs }: Linear,
  { values, scales }: QuantizedWeights,
): Int8Array | null {
  const low = Int8Array.from(values, (value, at) =>
    Math.round(((weights[at] ?? 0) / (scales[at % outputs] ?? 1) - value) * LOW_STEPS),
  );
  return low.some((value) => value !== 0) ? low : null;
}
