import type { ModelDescription } from "../description.ts";
import { editGraph, type GraphEditor, tidyGraph } from "./graph.ts";
import { findLinears, groupByInput, inputOf, type Linear } from "./linear.ts";
import type { OnnxModel, OnnxNode } from "./onnx-file.ts";
import { poolInGraph, pruneToFirstToken } from "./pooling.ts";
import { quantizeLinears, tokenRows, vector } from "./quantize.ts";
import type { InputRange } from "./smooth.ts";

/**
 * Turns a float32 graph into the fast one: linear layers in 8 bits, the last layer on the first token alone where
 * only that is used, pooling and normalisation inside.
 * @throws ConfigError when the graph holds no linear layer.
 * @param ranges of the linear layers' inputs, by the name they have in this graph; null: stay in float32.
 */
export function rewriteGraph(
  model: OnnxModel,
  description: ModelDescription,
  ranges: ReadonlyMap<string, InputRange> | null,
): void {
  const editor = editGraph(model);
  const output = model.graph.output.find(({ name }) => name === description.output)?.name;
  if (output === undefined) throw new Error(`The graph has no output ${description.output}. This is a bug.`);
  // Names change while the graph is rewritten; the ranges go by the old ones.
  const groups = groupByInput(findLinears(editor, description.name)).map((linears) => ({
    linears,
    range: rangeOf(ranges, linears),
  }));
  const pruned = description.pooling === "cls" ? pruneToFirstToken(editor, output) : new Set<OnnxNode>();
  if (ranges !== null) quantizeAll(editor, groups, pruned);
  poolInGraph(editor, output, description);
  tidyGraph(model);
}

interface Group {
  readonly linears: readonly Linear[];
  readonly range: InputRange | null;
}

function rangeOf(
  ranges: ReadonlyMap<string, InputRange> | null,
  linears: readonly Linear[],
): InputRange | null {
  const [first] = linears;
  return first === undefined ? null : (ranges?.get(inputOf(first)) ?? null);
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
      if (range !== null) quantizeLinears(editor, some, range, isPruned ? first : every);
    }
}
