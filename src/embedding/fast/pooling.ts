import type { ModelDescription } from "../description.ts";
import { type GraphEditor, RUNTIME_DOMAIN } from "./graph.ts";
import type { OnnxNode } from "./onnx-file.ts";
import { reduceRows, scalar, vector } from "./quantize.ts";

/** Name of the output that holds one vector a text; no exporter has a value of this name. */
export const POOLED_OUTPUT = "remaster_text_vectors";

/**
 * Lets the last layer work on the first token alone, where nothing else of it is used: its attention still reads
 * every token, what follows is token by token. Saves three quarters of one layer.
 * @returns the nodes whose values have one token a text now; empty when the graph does not end as expected.
 */
export function pruneToFirstToken(editor: GraphEditor, output: string): ReadonlySet<OnnxNode> {
  const none: ReadonlySet<OnnxNode> = new Set();
  const lastNorm = editor.producer(output);
  const afterAttention = residualOf(editor, lastNorm);
  const norm = afterAttention === undefined ? undefined : editor.producer(afterAttention);
  const layerInput = residualOf(editor, norm);
  if (norm === undefined || layerInput === undefined) return none;
  const projection = matMulBefore(editor, norm, layerInput);
  const context = projection?.input[0];
  const sum = editor.producer(norm.input[0] ?? "");
  if (projection === undefined || context === undefined || sum === undefined) return none;

  projection.input[0] = firstToken(editor, context);
  const short = firstToken(editor, layerInput);
  sum.input = sum.input.map((name) => (name === layerInput ? short : name));
  return downstream(editor, [projection, sum]);
}

/** `LayerNormalization(Add(layer, residual))`: the residual, which is a normalised value itself. */
function residualOf(editor: GraphEditor, norm: OnnxNode | undefined): string | undefined {
  if (norm?.opType !== "LayerNormalization") return undefined;
  const sum = editor.producer(norm.input[0] ?? "");
  if (sum?.opType !== "Add") return undefined;
  return sum.input.find((name) => editor.producer(name)?.opType === "LayerNormalization");
}

/** The product on the other side of the sum before a normalisation. */
function matMulBefore(editor: GraphEditor, norm: OnnxNode, residual: string): OnnxNode | undefined {
  const layer = editor.producer(norm.input[0] ?? "")?.input.find((name) => name !== residual);
  const biased = editor.producer(layer ?? "");
  const product =
    biased?.opType === "MatMul"
      ? biased
      : biased?.input.map(editor.producer).find((node) => node?.opType === "MatMul");
  return product;
}

function firstToken(editor: GraphEditor, tokens: string): string {
  return editor.add("Slice", [tokens, vector(editor, [0]), vector(editor, [1]), vector(editor, [1])]);
}

function downstream(editor: GraphEditor, from: readonly OnnxNode[]): ReadonlySet<OnnxNode> {
  const found = new Set(from);
  for (const node of found)
    for (const name of node.output) for (const reader of editor.consumers(name)) found.add(reader);
  return found;
}

/**
 * Ends the graph with one vector a text, `[batch, dimensions]`, pooled and normalised as the description says:
 * token vectors never leave the runtime.
 */
export function poolInGraph(editor: GraphEditor, output: string, model: ModelDescription): void {
  const { pooling, dimensions, normalized } = model;
  const pooled = pooling === "mean" ? meanOf(editor, output, dimensions) : firstOf(editor, output, pooling);
  const rows = editor.add("Reshape", [pooled, vector(editor, [-1, dimensions])]);
  const end = normalized ? unitLength(editor, rows) : rows;
  const { graph } = editor.model;
  graph.node.push({
    name: POOLED_OUTPUT,
    opType: "Identity",
    domain: "",
    input: [end],
    output: [POOLED_OUTPUT],
    attribute: [],
  });
  // The old output's element type and shape are not those of the new one; the runtime infers them.
  graph.output = [{ name: POOLED_OUTPUT, type: { tensorType: { elemType: 1 } } }];
}

const firstOf = (editor: GraphEditor, output: string, pooling: "cls" | "pooled"): string =>
  pooling === "pooled" ? output : firstToken(editor, output);

/** Mean over real tokens: the mask times the token vectors, `[batch, 1, tokens] x [batch, tokens, dimensions]`. */
function meanOf(editor: GraphEditor, output: string, dimensions: number): string {
  const mask = editor.add("Cast", ["attention_mask"], { attributes: { to: 1 } });
  const row = editor.add("Concat", [editor.add("Shape", ["attention_mask"]), vector(editor, [1])], {
    attributes: { axis: 0 },
  });
  const column = editor.add("Reshape", [mask, row]);
  const sums = editor.add("FusedMatMul", [column, output], {
    domain: RUNTIME_DOMAIN,
    attributes: { transA: 1 },
  });
  const sum = editor.add("Reshape", [sums, vector(editor, [-1, dimensions])]);
  // The mask is zeros and ones: the sum of its magnitudes is the number of tokens.
  const count = editor.add("Reshape", [reduceRows(editor, "ReduceL1", mask), vector(editor, [-1, 1])]);
  return editor.add("Div", [sum, count]);
}

/** Zeros stay zeros: who reads the vector refuses it by its length. */
function unitLength(editor: GraphEditor, rows: string): string {
  const norms = editor.add("Reshape", [reduceRows(editor, "ReduceL2", rows), vector(editor, [-1, 1])]);
  return editor.add("Div", [rows, editor.add("Max", [norms, scalar(editor, 1e-12)])]);
}
