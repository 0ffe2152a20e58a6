import { copyFile, mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { ConfigError } from "../../migration/errors.ts";
import { recordAnswers } from "../answers.ts";
import { encodeDescription, type ModelDescription } from "../description.ts";
import { type LocatedModel, locateDirectory, TOKENIZER_FILE } from "../directory.ts";
import { loadModel } from "../load.ts";
import { COPY_SUFFIXES } from "../renewal.ts";
import { loadRuntime, SLOW_FUSIONS } from "../runtime.ts";
import { encodeSums, sha256File, verifyFiles } from "../sums.ts";
import { openTokenizer } from "../tokenize.ts";
import { calibrate } from "./calibrate.ts";
import { type Loss, measureLoss } from "./loss.ts";
import { readOnnx, writeOnnxWithData } from "./onnx-file.ts";
import { POOLED_OUTPUT } from "./pooling.ts";
import { type Precision, rewriteGraph } from "./rewrite.ts";
import type { InputRange } from "./smooth.ts";

export interface OptimizeOptions {
  readonly precision: Precision;
  /** Texts like those that will be embedded: half of them calibrate, the other half measures the loss. */
  readonly texts: readonly string[];
  /** Directory of models that gets the new one. */
  readonly out: string;
  readonly threads: number;
  readonly onStep: (step: string) => void;
}

// Below this the copy is another model. Reached in 8 bits on three models: 0.9988 on average and 0.9974 at least.
const BOUNDS = {
  int8: { cosineMean: 0.998, cosineMin: 0.99, top10Overlap: 0.96 },
  int16: { cosineMean: 0.9999, cosineMin: 0.9999, top10Overlap: 0.96 },
  fp32: { cosineMean: 0.9999, cosineMin: 0.9999, top10Overlap: 0.96 },
} satisfies Readonly<Record<Precision, object>>;
// SmoothQuant's ranges settle after some dozens of texts.
const CALIBRATION_TEXTS = 64;
const MEASURED_TEXTS = 256;
const TEXTS_MIN = 20;

const GRAPH = "model.onnx";
const DATA = "model.onnx.data";
// Counts changes of the rewriting: another number makes another revision.
const REWRITING = 2;

// Fusions of the runtime that cost time on its CPU provider, or hide the layers that are rewritten here.
const KEPT_APART = [
  ...SLOW_FUSIONS,
  "AttentionFusion",
  "MultiHeadAttentionFusion",
  "EmbedLayerNormFusion",
  "MatMulAddFusion",
  "MatmulTransposeFusion",
  "BiasSoftmaxFusion",
];

/**
 * Makes an optimised copy of a model: a directory of its own, with its own hashes, fingerprint and known answers.
 * Nothing is left behind when it is refused.
 * @throws ConfigError when the loss is beyond the bound, or there are too few texts.
 */
export async function optimizeModel(
  model: LocatedModel,
  options: OptimizeOptions,
): Promise<{ readonly directory: string; readonly loss: Loss }> {
  if (options.texts.length < TEXTS_MIN)
    throw new ConfigError(
      `Optimising ${model.description.name} needs at least ${TEXTS_MIN} texts to calibrate and to measure, found ${options.texts.length}; give more with --texts.`,
    );
  const suffix = COPY_SUFFIXES[options.precision];
  const folder = `${basename(model.directory)}-${suffix}`;
  const staging = join(options.out, `.optimize-${folder}`);
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true });
  try {
    await verifyFiles(model.directory, model.contract.files);
    await writeGraph(model, staging, options);
    await describe(model, staging, { suffix, precision: options.precision });
    const loss = await measure(model, staging, options);
    refuseLoss(model.description.name, options.precision, loss);
    const directory = join(options.out, folder);
    await rm(directory, { recursive: true, force: true });
    await rename(staging, directory);
    return { directory, loss };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function writeGraph(model: LocatedModel, staging: string, options: OptimizeOptions): Promise<void> {
  const { description, directory, graph } = model;
  const plain = join(staging, "plain.onnx");
  const tapped = join(staging, "tapped.onnx");
  options.onStep("folding constants");
  await writePlain(join(directory, graph), plain);
  const tokenize = await openTokenizer(join(directory, TOKENIZER_FILE), description.maxTokens);
  const texts = options.texts.filter((_, at) => at % 2 === 0).slice(0, CALIBRATION_TEXTS);
  const { precision, threads } = options;
  let ranges: ReadonlyMap<string, InputRange> = new Map();
  if (precision === "int8") {
    options.onStep(`calibrating with ${texts.length} texts`);
    ranges = await calibrate(plain, tapped, { model: description, tokenize, texts, threads });
  }
  options.onStep("rewriting the graph");
  const onnx = await readOnnx(plain);
  rewriteGraph(onnx, description, { precision, ranges });
  await writeOnnxWithData(join(staging, GRAPH), DATA, onnx);
  await rm(plain);
  await rm(tapped, { force: true });
}

/** The runtime folds constants (8-bit weights become float32) and finds activation functions and normalisations. */
async function writePlain(from: string, to: string): Promise<void> {
  const { InferenceSession } = await loadRuntime();
  const session = await InferenceSession.create(from, {
    intraOpNumThreads: 1,
    graphOptimizationLevel: "extended",
    optimizedModelFilePath: to,
    logSeverityLevel: 4,
    extra: {
      session: { disable_quant_qdq: "1" },
      optimization: { disable_specified_optimizers: KEPT_APART.join(";") },
    },
  });
  await session.release();
}

async function describe(
  { description, directory }: LocatedModel,
  staging: string,
  { suffix, precision }: { readonly suffix: string; readonly precision: Precision },
): Promise<void> {
  await copyFile(join(directory, TOKENIZER_FILE), join(staging, TOKENIZER_FILE));
  const notice = join(directory, "NOTICE");
  if ((await stat(notice).catch(() => null)) !== null) await copyFile(notice, join(staging, "NOTICE"));
  const files: Record<string, string> = {};
  for (const file of [GRAPH, DATA, TOKENIZER_FILE]) files[file] = await sha256File(join(staging, file));
  const optimized: ModelDescription = {
    ...description,
    name: `${description.name}-${suffix}`,
    revision: `${description.revision}+${precision}.${REWRITING}`,
    pooling: "pooled",
    output: POOLED_OUTPUT,
    graph: GRAPH,
    files,
  };
  await writeFile(join(staging, "config.json"), encodeDescription(optimized));
  await writeFile(join(staging, "SHA256SUMS"), encodeSums(files));
}

async function measure(model: LocatedModel, staging: string, options: OptimizeOptions): Promise<Loss> {
  const texts = options.texts.filter((_, at) => at % 2 === 1).slice(0, MEASURED_TEXTS);
  options.onStep(`measuring the loss on ${texts.length} texts`);
  const made = await locateDirectory(staging);
  if (made === null) throw new Error(`${staging} holds no description. This is a bug.`);
  const after = await loadModel(made, options.threads);
  await recordAnswers(staging, after);
  return measureLoss(await loadModel(model, options.threads), after, texts);
}

function refuseLoss(name: string, precision: Precision, loss: Loss): void {
  const { cosineMean, cosineMin, top10Overlap } = loss;
  const bounds = BOUNDS[precision];
  if (cosineMean >= bounds.cosineMean && cosineMin >= bounds.cosineMin && top10Overlap >= bounds.top10Overlap)
    return;
  throw new ConfigError(
    `The optimised ${name} was not written: cosine to the original is ${cosineMean.toFixed(4)} on average and ${cosineMin.toFixed(4)} at least, top-10 overlap ${top10Overlap.toFixed(3)}; the bounds are ${bounds.cosineMean}, ${bounds.cosineMin} and ${bounds.top10Overlap}. ${precision === "int8" ? "Calibrate with texts that are more like yours, or stay" : "Stay"} with the original.`,
  );
}
