// Runs in a worker thread, because session.run of onnxruntime-node blocks its event loop (441 ms were seen).
import type { InferenceSession, Tensor } from "onnxruntime-node";
import type { ModelInput, Pooling } from "./description.ts";
import { poolRows } from "./pool.ts";
import { isSaturating } from "./products.ts";
import { loadRuntime, type Runtime, SLOW_FUSIONS } from "./runtime.ts";
import { serveThread } from "./thread.ts";

export interface WorkerModel {
  readonly graphPath: string;
  readonly threads: number;
  readonly inputs: readonly ModelInput[];
  readonly output: string;
  readonly pooling: Pooling;
  readonly normalized: boolean;
  readonly dimensions: number;
}

/** One batch. `ids` is `[rows, width]` int64, padded; `lengths` are the real tokens of each row. */
export interface BatchRequest {
  readonly ids: BigInt64Array<ArrayBuffer>;
  readonly lengths: Int32Array<ArrayBuffer>;
  readonly width: number;
}

function sessionOptions(model: WorkerModel, mustBePrecise: boolean): InferenceSession.SessionOptions {
  return {
    executionProviders: ["cpu"],
    intraOpNumThreads: model.threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    // Batches have many shapes: a plan of memory for each would be kept and never used again.
    enableMemPattern: false,
    // What fails is thrown; the runtime would print it to standard error too.
    logSeverityLevel: 4,
    extra: {
      session: {
        // 8-bit weights saturate on processors with AVX2 and without VNNI, silently.
        x64quantprecision: mustBePrecise ? "1" : "0",
        // 8-bit weights become float32 once, at load. The runtime would rather keep them and compute with 8-bit
        // activations, at half the speed on AVX2 and with other vectors (cosine 0.9996), silently.
        disable_quant_qdq: "1",
        // A spinning pool burns the very core that tokenizes the next batch.
        intra_op: { allow_spinning: "0" },
      },
      optimization: { disable_specified_optimizers: SLOW_FUSIONS.join(";") },
    },
  };
}

function maskOf(lengths: Int32Array, width: number): BigInt64Array {
  const mask = new BigInt64Array(lengths.length * width);
  lengths.forEach((length, row) => {
    mask.fill(1n, row * width, row * width + length);
  });
  return mask;
}

/** A loaded graph, and what makes its inputs. */
interface Loaded {
  readonly session: InferenceSession;
  readonly model: WorkerModel;
  readonly Tensor: Runtime["Tensor"];
}

function feedsOf({ model, Tensor }: Loaded, { ids, lengths, width }: BatchRequest): Record<string, Tensor> {
  const shape = [lengths.length, width];
  const data: Readonly<Record<ModelInput, () => BigInt64Array>> = {
    input_ids: () => ids,
    attention_mask: () => maskOf(lengths, width),
    // One text at a time: every token is of the first type.
    token_type_ids: () => new BigInt64Array(ids.length),
  };
  return Object.fromEntries(model.inputs.map((name) => [name, new Tensor("int64", data[name](), shape)]));
}

async function runBatch(loaded: Loaded, request: BatchRequest): Promise<Float32Array<ArrayBuffer>> {
  const { session, model } = loaded;
  const name = outputOf(session, model) ?? model.output;
  const output = (await session.run(feedsOf(loaded, request), [name]))[name];
  if (output === undefined || !(output.data instanceof Float32Array))
    throw new Error(`the graph's output ${model.output} is not float32`);
  const rows = request.lengths.length;
  const shape =
    model.pooling === "pooled" ? [rows, model.dimensions] : [rows, request.width, model.dimensions];
  if (output.dims.join() !== shape.join())
    throw new Error(`the graph's output ${model.output} has shape [${output.dims}], expected [${shape}]`);
  const { width } = request;
  return poolRows({ data: output.data, rows, width, dimensions: model.dimensions }, request.lengths, model);
}

// Two exporters' names for the same thing: one vector a token.
const TOKEN_OUTPUTS = ["last_hidden_state", "token_embeddings"];

function outputOf(session: InferenceSession, model: WorkerModel): string | undefined {
  const names = TOKEN_OUTPUTS.includes(model.output) ? TOKEN_OUTPUTS : [model.output];
  return names.find((name) => session.outputNames.includes(name));
}

function missingNames(session: InferenceSession, model: WorkerModel): string | null {
  const inputs = model.inputs.filter((name) => !session.inputNames.includes(name));
  const unfed = session.inputNames.filter((name) => !model.inputs.some((input) => input === name));
  if (inputs.length > 0 || unfed.length > 0)
    return `the graph takes ${session.inputNames.join(", ")}, the description gives ${model.inputs.join(", ")}`;
  if (outputOf(session, model) === undefined)
    return `the graph's outputs are ${session.outputNames.join(", ")}, the description wants ${model.output}`;
  return null;
}

serveThread<WorkerModel, BatchRequest, Float32Array>(async (model) => {
  const runtime = await loadRuntime();
  const { InferenceSession, Tensor } = runtime;
  const options = sessionOptions(model, await isSaturating(runtime));
  const session = await InferenceSession.create(model.graphPath, options);
  const problem = missingNames(session, model);
  if (problem !== null) throw new Error(problem);
  return async (request) => {
    const result = await runBatch({ session, model, Tensor }, request);
    return { result, transfer: [result.buffer] };
  };
});
