import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUILT_IN_DIR } from "../../src/embedding/directory.ts";
import { editGraph, type GraphEditor } from "../../src/embedding/fast/graph.ts";
import { type OnnxModel, writeOnnx } from "../../src/embedding/fast/onnx-file.ts";
import { encodeSums, sha256File } from "../../src/embedding/sums.ts";
import { seeded } from "./random.ts";

const VOCABULARY = 8000;
const HIDDEN = 64;
const INNER = 256;

export interface TinyEncoder {
  readonly pooling: "cls" | "mean";
  /** Operator set: the hub's older files have 11, with normalisation and activation as chains of small operators. */
  readonly operatorSet: 11 | 17 | 18;
}

/** A one-layer encoder with random weights, in the shape that exporters give; outlier channels as real ones have. */
export async function writeTinyEncoder(directory: string, encoder: TinyEncoder): Promise<void> {
  const { pooling, operatorSet } = encoder;
  mkdirSync(directory, { recursive: true });
  copyFileSync(join(BUILT_IN_DIR, "static-384-8k/tokenizer.json"), join(directory, "tokenizer.json"));
  await writeOnnx(join(directory, "model.onnx"), tinyEncoder(operatorSet));
  const description = { name: "tiny", dimension: HIDDEN, maxTokens: 64, pooling, normalize: true };
  writeFileSync(join(directory, "config.json"), JSON.stringify(description));
  const files: Record<string, string> = {};
  for (const file of ["model.onnx", "tokenizer.json"]) files[file] = await sha256File(join(directory, file));
  writeFileSync(join(directory, "SHA256SUMS"), encodeSums(files));
}

function tinyEncoder(operatorSet: number): OnnxModel {
  const shape = { dim: [{ dimParam: "batch" }, { dimParam: "tokens" }] };
  const input = ["input_ids", "attention_mask"].map((name) => ({
    name,
    type: { tensorType: { elemType: 7, shape } },
  }));
  const graph = { name: "tiny", node: [], initializer: [], input, output: [], valueInfo: [] };
  const opsetImport = [
    { domain: "", version: operatorSet },
    { domain: "com.microsoft", version: 1 },
  ];
  const model: OnnxModel = { irVersion: 8, graph, opsetImport };
  const output = encode(editGraph(model), operatorSet);
  model.graph.output.push({ name: output, type: { tensorType: { elemType: 1 } } });
  const [last] = model.graph.node.slice(-1);
  if (last !== undefined) last.output = ["last_hidden_state"];
  model.graph.output = [{ name: "last_hidden_state", type: { tensorType: { elemType: 1 } } }];
  return model;
}

function encode(editor: GraphEditor, operatorSet: number): string {
  const layers = layersOf(editor, operatorSet);
  const table = layers.weights("table", VOCABULARY, HIDDEN);
  const tokens = layers.norm("first", editor.add("Gather", [table, "input_ids"]));
  const [q, k, v] = ["q", "k", "v"].map((name) => layers.linear(name, tokens, HIDDEN, HIDDEN));
  const transposed = editor.add("Transpose", [k ?? ""], { attributes: { perm: [0, 2, 1] } });
  const scores = editor.add("Add", [
    editor.add("MatMul", [q ?? "", transposed]),
    maskOf(editor, operatorSet),
  ]);
  const context = editor.add("MatMul", [
    editor.add("Softmax", [scores], { attributes: { axis: -1 } }),
    v ?? "",
  ]);
  const attended = layers.norm(
    "second",
    editor.add("Add", [layers.linear("o", context, HIDDEN, HIDDEN), tokens]),
  );
  const inner = editor.add("Gelu", [layers.linear("f1", attended, HIDDEN, INNER)], {
    domain: "com.microsoft",
  });
  return layers.norm("third", editor.add("Add", [layers.linear("f2", inner, INNER, HIDDEN), attended]));
}

/** `[batch, 1, tokens]`: 0 for a token, -10000 for padding. */
function maskOf(editor: GraphEditor, operatorSet: number): string {
  const one = editor.addConstant("axis", BigInt64Array.of(1n), [1]);
  const mask = editor.add("Cast", ["attention_mask"], { attributes: { to: 1 } });
  // The axes were an attribute before operator set 13.
  const row =
    operatorSet < 13
      ? editor.add("Unsqueeze", [mask], { attributes: { axes: [1] } })
      : editor.add("Unsqueeze", [mask, one]);
  const far = editor.addConstant("far", Float32Array.of(10_000), []);
  return editor.add("Sub", [editor.add("Mul", [row, far]), far]);
}

function layersOf(editor: GraphEditor, operatorSet: number) {
  const random = seeded(7);
  const numbers = (count: number, scale: number) =>
    Float32Array.from({ length: count }, () => ((random.int(20_001) - 10_000) / 10_000) * scale);
  const weights = (name: string, rows: number, columns: number) =>
    editor.addConstant(name, numbers(rows * columns, 1.7 / Math.sqrt(rows)), [rows, columns]);
  return {
    weights,
    linear(name: string, from: string, inputs: number, outputs: number): string {
      const product = editor.add("MatMul", [from, weights(`${name}.weight`, inputs, outputs)]);
      return editor.add("Add", [
        product,
        editor.addConstant(`${name}.bias`, numbers(outputs, 0.1), [outputs]),
      ]);
    },
    norm(name: string, from: string): string {
      // Every sixteenth channel is twenty times as large as the others.
      const gains = Float32Array.from({ length: HIDDEN }, (_, channel) => (channel % 16 === 3 ? 20 : 1));
      const gain = editor.addConstant(`${name}.gain`, gains, [HIDDEN]);
      const shift = editor.addConstant(`${name}.shift`, numbers(HIDDEN, 0.1), [HIDDEN]);
      if (operatorSet >= 17)
        return editor.add("LayerNormalization", [from, gain, shift], { attributes: { axis: -1 } });
      return editor.add("Add", [editor.add("Mul", [standardized(editor, from), gain]), shift]);
    },
    gelu(from: string): string {
      if (operatorSet >= 17) return editor.add("Gelu", [from], { domain: "com.microsoft" });
      const erf = editor.add("Erf", [editor.add("Div", [from, number(editor, Math.SQRT2)])]);
      const twice = editor.add("Mul", [from, editor.add("Add", [erf, number(editor, 1)])]);
      return editor.add("Mul", [twice, number(editor, 0.5)]);
    },
  };
}

const number = (editor: GraphEditor, value: number): string =>
  editor.addConstant(`number_${value}`, Float32Array.of(value), []);

/** Mean 0 and variance 1 along the last axis, as exporters wrote it before there was an operator for it. */
function standardized(editor: GraphEditor, from: string): string {
  const axes = { attributes: { axes: [-1] } };
  const centred = editor.add("Sub", [from, editor.add("ReduceMean", [from], axes)]);
  const squares = editor.add("Pow", [centred, number(editor, 2)]);
  const variance = editor.add("Add", [editor.add("ReduceMean", [squares], axes), number(editor, 1e-5)]);
  return editor.add("Div", [centred, editor.add("Sqrt", [variance])]);
}
