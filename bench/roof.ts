// The roof: what the runtime's own matrix product reaches on this machine, alone.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tensor } from "onnxruntime-node";
import { editGraph, RUNTIME_DOMAIN } from "../src/embedding/fast/graph.ts";
import { type OnnxModel, writeOnnx } from "../src/embedding/fast/onnx-file.ts";
import { isSaturating } from "../src/embedding/products.ts";
import { loadRuntime } from "../src/embedding/runtime.ts";

// A batch of 384 tokens through the widest layer of a base model.
const ROWS = 384;
const INPUTS = 768;
const OUTPUTS = 3072;

function productGraph(elemType: number, build: (editor: ReturnType<typeof editGraph>) => string): OnnxModel {
  const graph = {
    name: "roof",
    node: [],
    initializer: [],
    input: [{ name: "x", type: { tensorType: { elemType } } }],
    output: [{ name: "", type: { tensorType: { elemType: 1 } } }],
    valueInfo: [],
  };
  const opsetImport = [
    { domain: "", version: 17 },
    { domain: RUNTIME_DOMAIN, version: 1 },
  ];
  const model: OnnxModel = { irVersion: 8, graph, opsetImport };
  const output = build(editGraph(model));
  model.graph.output = [{ name: output, type: { tensorType: { elemType: 1 } } }];
  return model;
}

const float32 = () =>
  productGraph(1, (editor) => {
    const weights = Float32Array.from({ length: INPUTS * OUTPUTS }, (_, at) => (at % 17) / 17 - 0.5);
    return editor.add("MatMul", ["x", editor.addConstant("w", weights, [INPUTS, OUTPUTS])]);
  });

const int8 = () =>
  productGraph(2, (editor) => {
    const weights = Int8Array.from({ length: INPUTS * OUTPUTS }, (_, at) => (at % 255) - 127);
    const constants = [
      editor.addConstant("w", weights, [INPUTS, OUTPUTS]),
      editor.addConstant("one", Float32Array.of(1), []),
      editor.addConstant("scales", new Float32Array(OUTPUTS).fill(0.01), [OUTPUTS]),
      editor.addConstant("zero", Uint8Array.of(128), []),
    ];
    return editor.add("MatMulIntegerToFloat", ["x", ...constants], { domain: RUNTIME_DOMAIN });
  });

/** Best of some runs on one thread, in 10^9 operations (a multiplication and an addition are two) a second. */
async function rateOf(model: OnnxModel, input: Tensor, directory: string): Promise<number> {
  const path = join(directory, "roof.onnx");
  await writeOnnx(path, model);
  const runtime = await loadRuntime();
  const session = await runtime.InferenceSession.create(path, {
    intraOpNumThreads: 1,
    extra: { session: { x64quantprecision: (await isSaturating(runtime)) ? "1" : "0" } },
  });
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 8; run++) {
    const before = process.cpuUsage();
    await session.run({ x: input });
    const { user, system } = process.cpuUsage(before);
    if (run > 0) best = Math.min(best, user + system);
  }
  await session.release();
  return (2 * ROWS * INPUTS * OUTPUTS) / best / 1000;
}

export async function measureRoof(): Promise<{ readonly float32: number; readonly int8: number }> {
  const directory = mkdtempSync(join(tmpdir(), "remaster-roof-"));
  try {
    const { Tensor } = await loadRuntime();
    const shape = [ROWS, INPUTS];
    const floats = new Tensor("float32", new Float32Array(ROWS * INPUTS).fill(0.5), shape);
    const bytes = new Tensor("uint8", new Uint8Array(ROWS * INPUTS).fill(130), shape);
    return {
      float32: await rateOf(float32(), floats, directory),
      int8: await rateOf(int8(), bytes, directory),
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
