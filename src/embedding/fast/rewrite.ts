import type { ModelDescription } from "../description.ts";
import { editGraph, type GraphEditor, tidyGraph } from "./graph.ts";
import { findLinears, groupByInput, inputOf, type Linear } from "./linear.ts";
import type { OnnxModel, OnnxNode } from "./onnx-file.ts";
import { poolInGraph, pruneToFirstToken } from "./pooling.ts";
import { quantizeLinears, tokenRows, vector } from "./quantize.ts";
import type { InputRange } from "./smooth.ts";

/**
 * What linear layers multiply. `int8`: 8-bit numbers, the fast file. `int16`: pairs of them, vectors as in float32.
 * `fp32`: the rest of the rewriting alone.
 */
export type Precision = "int8" | "int16" | "fp32";

interface Rewriting {
  readonly precision: Precision;
  /** Of the linear layers' inputs, by the name they have in the graph; only 8 bits need them. */
  readonly ranges: ReadonlyMap<string, InputRange>;
}

/**
 * Turns a float32 graph into a faster one: linear layers in small numbers, the last layer on the first token alone where
 * only that is used, pooling and normalisation inside.
 * @throws ConfigError when the graph holds no linear layer.
 */
export function rewriteGraph(
  model: OnnxModel,
  description: ModelDescription,
  { precision, ranges }: Rewriting,
): void {
  const editor = editGraph(model);
  const output = model.graph.output.find(({ name }) => name === description.output)?.name;
  if (output === undefined) throw new Error(`The graph has no output ${description.output}. This is a bug.`);
  // Names change while the graph is rewritten; the ranges go by the old ones.
  const groups = groupByInput(findLinears(editor, description.name)).map((linears) => ({
    linears,
    range: precision === "int8" ? rangeOf(ranges, linears) : null,
  }));
  const pruned = description.pooling === "cls" ? pruneToFirstToken(editor, output) : new Set<OnnxNode>();
  if (precision !== "fp32") quantizeAll(editor, groups, pruned);
  poolInGraph(editor, output, description);
  tidyGraph(model);
}

interface Group {
  readonly linears: readonly Linear[];
  readonly range: InputRange | null;
}

function rangeOf(ranges: ReadonlyMap<string, InputRange>, linears: readonly Linear[]): InputRange {
  const [first] = linears;
  const range = first === undefined ? undefined : ranges.get(inputOf(first));
  if (range === undefined) throw new Error("A linear layer was not calibrated. This is a bug.");
  return range;
}

function quantizeAll(editor: GraphEditor, groups: readonly Group[], pruned: ReadonlySet<OnnxNode>): void {
  const everyToken = editor.add("Shape", ["input_ids"]);
  const texts = editor.add("Slice", [
    everyToken,
    vector(editor, [0]),
    vector(editor, [1]),
    vector(editor, [0]),
  ]);
  const oneToken = editor.add("Concat", [texts, vector(editor, [1])], { attributes: { axis: 0 } });
  // Layers that share an input are all before or all behind the pruning.
  const [every, first] = [tokenRows(everyToken), tokenRows(oneToken)];
  for (const { linears, range } of groups)
    for (const some of groupByInput(linears)) {
      const isPruned = some.some(({ matMul }) => pruned.has(matMul));
      quantizeLinears(editor, some, range, isPruned ? first : every);
    }
}
