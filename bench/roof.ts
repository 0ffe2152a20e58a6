// The roof: what the runtime's own matrix product reaches on this machine, alone.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tensor } from "onnxruntime-node";
import { editGraph, type GraphEditor } from "../src/embedding/fast/graph.ts";
import { type OnnxModel, writeOnnx } from "../src/embedding/fast/onnx-file.ts";
import { isSaturating } from "../src/embedding/products.ts";
import { loadRuntime } from "../src/embedding/runtime.ts";

interface Shape {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
}

// Products of a base model whose weights stay in the caches: which is fastest depends on the processor.
const SHAPES: readonly Shape[] = [
  { rows: 128, inputs: 768, outputs: 768 },
  { rows: 64, inputs: 3072, outputs: 768 },
  { rows: 384, inputs: 768, outputs: 3072 },
];
// Products of one run: starting a run and handing its result out are then nothing beside them.
const PRODUCTS = 8;
const RUNS = 8;

const [FLOAT32, UINT8] = [1, 2];

type Product = (editor: GraphEditor, shape: Shape) => string;

/**
 * Some products of one input, of each of which a single row leaves the runtime: fresh memory for large results took
 * a third of the time of 8-bit products.
 */
function productGraph(elemType: number, shape: Shape, product: Product): OnnxModel {
  const input = [{ name: "x", type: { tensorType: { elemType } } }];
  const graph = { name: "roof", node: [], initializer: [], input, output: [], valueInfo: [] };
  const model: OnnxModel = { irVersion: 8, graph, opsetImport: [{ domain: "", version: 17 }] };
  const editor = editGraph(model);
  const position = (at: number) => editor.addConstant(`at_${at}`, BigInt64Array.of(BigInt(at)), [1]);
  const rows = Array.from({ length: PRODUCTS }, () =>
    editor.add("Slice", [product(editor, shape), position(0), position(1), position(0)]),
  );
  const name = editor.add("Concat", rows, { attributes: { axis: 0 } });
  model.graph.output = [{ name, type: { tensorType: { elemType: elemType === UINT8 ? 6 : FLOAT32 } } }];
  return model;
}

const float32: Product = (editor, { inputs, outputs }) => {
  const weights = Float32Array.from({ length: inputs * outputs }, (_, at) => (at % 17) / 17 - 0.5);
  return editor.add("MatMul", ["x", editor.addConstant("w", weights, [inputs, outputs])]);
};

const int8: Product = (editor, { inputs, outputs }) => {
  const weights = Int8Array.from({ length: inputs * outputs }, (_, at) => ((at * 7919) % 255) - 127);
  return editor.add("MatMulInteger", ["x", editor.addConstant("w", weights, [inputs, outputs])]);
};

/** Best of some runs on one thread, in 10^9 operations (a multiplication and an addition are two) a second. */
async function rateOf(model: OnnxModel, { shape, input }: { shape: Shape; input: Tensor }, path: string) {
  await writeOnnx(path, model);
  const runtime = await loadRuntime();
  const session = await runtime.InferenceSession.create(path, {
    intraOpNumThreads: 1,
    // Equal products are to be computed, each of them.
    graphOptimizationLevel: "disabled",
    extra: { session: { x64quantprecision: (await isSaturating(runtime)) ? "1" : "0" } },
  });
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    const before = process.cpuUsage();
    await session.run({ x: input });
    const { user, system } = process.cpuUsage(before);
    if (run > 0) best = Math.min(best, user + system);
  }
  await session.release();
  return (2 * PRODUCTS * shape.rows * shape.inputs * shape.outputs) / best / 1000;
}

export async function measureRoof(): Promise<{ readonly float32: number; readonly int8: number }> {
  const directory = mkdtempSync(join(tmpdir(), "remaster-roof-"));
  const path = join(directory, "roof.onnx");
  try {
    const { Tensor } = await loadRuntime();
    const roof = { float32: 0, int8: 0 };
    for (const shape of SHAPES) {
      const [size, dims] = [shape.rows * shape.inputs, [shape.rows, shape.inputs]];
      const floats = new Tensor("float32", new Float32Array(size).fill(0.5), dims);
      const bytes = new Tensor(
        "uint8",
        Uint8Array.from({ length: size }, (_, at) => at % 251),
        dims,
      );
      const slow = await rateOf(productGraph(FLOAT32, shape, float32), { shape, input: floats }, path);
      const quick = await rateOf(productGraph(UINT8, shape, int8), { shape, input: bytes }, path);
      roof.float32 = Math.max(roof.float32, slow);
      roof.int8 = Math.max(roof.int8, quick);
    }
    return roof;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
