// One way of embedding, as a process of its own: reads `{"texts": [...]}` a line, answers with times and, when asked,
// vectors. Started by embed.bench.ts with the way and its settings as one JSON argument.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { silenceRuntime } from "../src/config.ts";
import { locateDirectory } from "../src/embedding/directory.ts";
import { loadModel } from "../src/embedding/load.ts";
import { poolRows } from "../src/embedding/pool.ts";
import { loadRuntime } from "../src/embedding/runtime.ts";
import { openTokenizer } from "../src/embedding/tokenize.ts";

export interface WaySettings {
  readonly way: "ours" | "onnxruntime" | "transformers";
  /** Directory of the model. */
  readonly directory: string;
  /** Float32 graph that every way but ours runs. */
  readonly graph: string;
  /** Texts a call, in arrival order; our own way chooses for itself. */
  readonly batch: number;
  readonly threads: number;
  /** Directory with `node_modules/@huggingface/transformers`. */
  readonly transformers: string | null;
}

type Embed = (texts: readonly string[]) => Promise<Float32Array[]>;

async function requireModel(directory: string) {
  const model = await locateDirectory(directory);
  if (model === null) throw new Error(`${directory} holds no model description.`);
  return model;
}

async function ours({ directory, threads }: WaySettings): Promise<Embed> {
  const embedder = await loadModel(await requireModel(directory), threads);
  return async (texts) =>
    (await embedder.embed(texts, "passage")).flatMap((outcome) => (outcome.ok ? [outcome.vector] : []));
}

/** What one writes who has a tokenizer and a session: fixed batches in arrival order, padded to the longest. */
async function plain({ directory, graph, batch, threads }: WaySettings): Promise<Embed> {
  const { description } = await requireModel(directory);
  const tokenize = await openTokenizer(join(directory, "tokenizer.json"), description.maxTokens);
  const { InferenceSession, Tensor } = await loadRuntime();
  const session = await InferenceSession.create(graph, { intraOpNumThreads: threads, interOpNumThreads: 1 });
  const runBatch = async (texts: readonly string[]): Promise<Float32Array[]> => {
    const encoded = texts.map((text) => tokenize(text).ids);
    const width = Math.max(...encoded.map((ids) => ids.length));
    const shape = [texts.length, width];
    const ids = new BigInt64Array(texts.length * width).fill(BigInt(description.padTokenId));
    const mask = new BigInt64Array(ids.length);
    encoded.forEach((row, at) => {
      row.forEach((id, i) => {
        ids[at * width + i] = BigInt(id);
        mask[at * width + i] = 1n;
      });
    });
    const data = { input_ids: ids, attention_mask: mask, token_type_ids: new BigInt64Array(ids.length) };
    const feeds = Object.fromEntries(
      description.inputs.map((name) => [name, new Tensor("int64", data[name], shape)]),
    );
    const output = (await session.run(feeds))[description.output];
    if (!(output?.data instanceof Float32Array)) throw new Error("The graph gave no float32 output.");
    const { dimensions } = description;
    const lengths = Int32Array.from(encoded, (row) => row.length);
    const vectors = poolRows(
      { data: output.data, rows: texts.length, width, dimensions },
      lengths,
      description,
    );
    return texts.map((_, at) => vectors.slice(at * dimensions, (at + 1) * dimensions));
  };
  return async (texts) => {
    const vectors: Float32Array[] = [];
    for (let at = 0; at < texts.length; at += batch)
      vectors.push(...(await runBatch(texts.slice(at, at + batch))));
    return vectors;
  };
}

interface Transformers {
  readonly env: { allowRemoteModels: boolean; localModelPath: string };
  pipeline(
    task: "feature-extraction",
    model: string,
    options: { dtype: string },
  ): Promise<(texts: readonly string[], options: object) => Promise<{ tolist(): number[][] }>>;
}

/** `graph` is `<models>/<model>/onnx/model.onnx`, as that library wants it. */
async function transformers(settings: WaySettings): Promise<Embed> {
  // It brings a runtime of its own.
  silenceRuntime();
  const { description } = await requireModel(settings.directory);
  const resolve = createRequire(join(settings.transformers ?? "", "package.json")).resolve;
  const library: Transformers = await import(pathToFileURL(resolve("@huggingface/transformers")).href);
  const folder = dirname(dirname(settings.graph));
  library.env.allowRemoteModels = false;
  library.env.localModelPath = `${dirname(folder)}/`;
  const extract = await library.pipeline("feature-extraction", folder.slice(dirname(folder).length + 1), {
    dtype: "fp32",
  });
  return async (texts) => {
    const vectors: Float32Array[] = [];
    for (let at = 0; at < texts.length; at += settings.batch) {
      const options = { pooling: description.pooling, normalize: description.normalized };
      const made = await extract(texts.slice(at, at + settings.batch), options);
      vectors.push(...made.tolist().map((row) => Float32Array.from(row)));
    }
    return vectors;
  };
}

const WAYS = { ours, onnxruntime: plain, transformers };

const maxRssMiB = (): number => {
  // `maxRSS` of a child begins with that of its parent on some systems; the kernel's own record does not.
  const peak = /VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return Math.round(Number(peak ?? process.resourceUsage().maxRSS) / 1024);
};

const settings: WaySettings = JSON.parse(process.argv[2] ?? "{}");
const embed = await WAYS[settings.way](settings);
await embed(["A first text."]);
console.log(JSON.stringify({ coldMs: Math.round(process.uptime() * 1000) }));

for await (const line of createInterface({ input: process.stdin })) {
  const { texts, wantsVectors }: { texts: string[]; wantsVectors: boolean } = JSON.parse(line);
  const before = process.cpuUsage();
  const started = performance.now();
  const vectors = await embed(texts);
  const ms = performance.now() - started;
  const { user, system } = process.cpuUsage(before);
  const answer = { ms, cpuMs: (user + system) / 1000, maxRssMiB: maxRssMiB() };
  console.log(JSON.stringify(wantsVectors ? { ...answer, vectors: vectors.map((one) => [...one]) } : answer));
}
