import { ConfigError } from "../../migration/errors.ts";
import { floatsOf, type GraphEditor, numberOf } from "./graph.ts";
import type { OnnxNode } from "./onnx-file.ts";

/** `x · weights + bias` of the graph, where the weights are constant. */
export interface Linear {
  readonly matMul: OnnxNode;
  /** `[inputs, outputs]`, row by row. */
  readonly weights: Float32Array;
  readonly inputs: number;
  readonly outputs: number;
  /** The node that adds the bias, and the bias' name; null when there is none. */
  readonly add: { readonly node: OnnxNode; readonly bias: string } | null;
}

/** Name of x, `[batch, tokens, inputs]`: asked when it is needed, because rewriting one layer renames the next one's. */
export const inputOf = ({ matMul }: Linear): string => matMul.input[0] ?? "";

/** Layers that read the same input, together. */
export function groupByInput(linears: readonly Linear[]): Linear[][] {
  return [...Map.groupBy(linears, inputOf).values()];
}

/**
 * Every linear layer, in the order of the graph.
 * @param name of the model, for the error.
 * @throws ConfigError when there is none: a table of tokens is as fast as it is.
 */
export function findLinears(editor: GraphEditor, name: string): Linear[] {
  const linears = editor.model.graph.node.flatMap((node) => linearAt(editor, node) ?? []);
  if (linears.length === 0)
    throw new ConfigError(`Model ${name} has no layers that could be made faster; use it as it is.`);
  return linears;
}

function linearAt(editor: GraphEditor, matMul: OnnxNode): Linear | undefined {
  const [input, right] = matMul.input;
  if (matMul.opType !== "MatMul" || matMul.domain !== "" || input === undefined || right === undefined)
    return;
  const tensor = editor.constant(right);
  const [inputs, outputs] = tensor?.dims.map(numberOf) ?? [];
  if (tensor === undefined || inputs === undefined || outputs === undefined || tensor.dims.length !== 2)
    return;
  const weights = floatsOf(tensor);
  if (weights === undefined || editor.constant(input) !== undefined) return;
  return { matMul, weights, inputs, outputs, add: biasOf(editor, matMul) };
}

/** The one reader of the product, when it adds a constant vector. */
function biasOf(editor: GraphEditor, matMul: OnnxNode): Linear["add"] {
  const product = matMul.output[0] ?? "";
  const [node, ...others] = editor.consumers(product);
  if (node?.opType !== "Add" || others.length > 0) return null;
  const bias = node.input.find((name) => name !== product);
  return bias !== undefined && editor.constant(bias)?.dims.length === 1 ? { node, bias } : null;
}
