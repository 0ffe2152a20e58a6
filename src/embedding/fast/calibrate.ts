import type { Tensor } from "onnxruntime-node";
import type { ModelDescription } from "../description.ts";
import { loadRuntime, type Runtime } from "../runtime.ts";
import type { Tokenize } from "../tokenize.ts";
import { editGraph } from "./graph.ts";
import { findLinears, groupByInput, inputOf } from "./linear.ts";
import { type OnnxModel, readOnnx, writeOnnx } from "./onnx-file.ts";
import type { InputRange } from "./smooth.ts";

/** One text, not padded, as the graph takes it. */
function feedsOf({ Tensor }: Runtime, model: ModelDescription, ids: Int32Array): Record<string, Tensor> {
  const shape = [1, ids.length];
  const data = {
    input_ids: () => BigInt64Array.from(Array.from(ids, BigInt)),
    attention_mask: () => new BigInt64Array(ids.length).fill(1n),
    token_type_ids: () => new BigInt64Array(ids.length),
  };
  return Object.fromEntries(model.inputs.map((name) => [name, new Tensor("int64", data[name](), shape)]));
}

export interface Calibrating {
  readonly model: ModelDescription;
  readonly tokenize: Tokenize;
  readonly texts: readonly string[];
  readonly threads: number;
}

/**
 * Runs texts through the float32 graph and notes, for every input of a linear layer, the smallest and largest
 * value of each channel.
 * @throws ConfigError when the graph holds no linear layer.
 * @param tapPath a file that may be written: the graph with these inputs as outputs.
 */
export async function calibrate(
  graphPath: string,
  tapPath: string,
  { model: description, tokenize, texts, threads }: Calibrating,
): Promise<ReadonlyMap<string, InputRange>> {
  const model = await readOnnx(graphPath);
  const tapped = tap(model, description.name);
  await writeOnnx(tapPath, model);
  const runtime = await loadRuntime();
  const session = await runtime.InferenceSession.create(tapPath, {
    intraOpNumThreads: threads,
    graphOptimizationLevel: "basic",
    logSeverityLevel: 4,
  });
  const ranges = new Map<string, InputRange>();
  for (const text of texts) {
    const results = await session.run(feedsOf(runtime, description, tokenize(text).ids), tapped);
    for (const name of tapped) widen(ranges, name, results[name]);
  }
  await session.release();
  return ranges;
}

function tap(model: OnnxModel, name: string): string[] {
  const groups = groupByInput(findLinears(editGraph(model), name));
  const names = groups.flatMap(([first]) => (first === undefined ? [] : [inputOf(first)]));
  model.graph.output.push(...names.map((name) => ({ name, type: { tensorType: { elemType: 1 } } })));
  return names;
}

function widen(ranges: Map<string, InputRange>, name: string, tensor: Tensor | undefined): void {
  if (tensor === undefined || !(tensor.data instanceof Float32Array))
    throw new Error(`The graph gave no float32 value ${name}. This is a bug.`);
  const channels = tensor.dims.at(-1) ?? 0;
  const { min, max } = ranges.get(name) ?? {
    min: new Float32Array(channels).fill(Number.POSITIVE_INFINITY),
    max: new Float32Array(channels).fill(Number.NEGATIVE_INFINITY),
  };
  const { data } = tensor;
  for (let at = 0; at < data.length; at++) {
    const value = data[at] ?? 0;
    const channel = at % channels;
    if (value < (min[channel] ?? 0)) min[channel] = value;
    if (value > (max[channel] ?? 0)) max[channel] = value;
  }
  ranges.set(name, { min, max });
}
