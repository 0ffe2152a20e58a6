// Embedding, against what others do: every way is a living process and gets the same texts in its turn, round by
// round, so that a busy machine slows all of them alike. Ratios hold where absolute figures wander.
//
//   node bench/embed.bench.ts --model-dir ./models --model all-MiniLM-L6-v2 [--fast DIR] [--int16 DIR]
//       [--python PYTHON] [--transformers DIR] [--texts 64] [--rounds 3] [--threads 1]
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cosine } from "../src/embedding/answers.ts";
import { type LocatedModel, locateDirectory, locateModel } from "../src/embedding/directory.ts";
import { editGraph } from "../src/embedding/fast/graph.ts";
import { findLinears } from "../src/embedding/fast/linear.ts";
import { readOnnx } from "../src/embedding/fast/onnx-file.ts";
import { loadRuntime } from "../src/embedding/runtime.ts";
import { openTokenizer } from "../src/embedding/tokenize.ts";
import { chatTexts } from "./corpus.ts";
import type { WaySettings } from "./embed-way.ts";
import { measureRoof } from "./roof.ts";
import { startWay, type Way, type WayAnswer } from "./way-process.ts";

const { values: flags } = parseArgs({
  options: {
    "model-dir": { type: "string" },
    model: { type: "string", default: "static-768-8k" },
    fast: { type: "string" },
    int16: { type: "string" },
    python: { type: "string", default: ".venv/bin/python" },
    transformers: { type: "string" },
    // A page of a migration.
    texts: { type: "string", default: "64" },
    rounds: { type: "string", default: "3" },
    threads: { type: "string", default: "1" },
  },
});

const SEED = 2026;

interface Measured {
  readonly way: Way;
  readonly answers: WayAnswer[];
}

/** By name, or by its directory. */
async function requireModel(name: string): Promise<LocatedModel> {
  const directory = existsSync(join(name, "config.json")) ? await locateDirectory(name) : null;
  const model = directory ?? (await locateModel(flags["model-dir"] ?? null, name));
  if (model === null) throw new Error(`Model ${name} is not here; set --model-dir.`);
  return model;
}

/** The same weights for every way: float32, in the layout that @huggingface/transformers reads. */
async function writeReference(model: LocatedModel, root: string): Promise<string> {
  const folder = join(root, "models/reference");
  mkdirSync(join(folder, "onnx"), { recursive: true });
  const graph = join(folder, "onnx/model.onnx");
  const { InferenceSession } = await loadRuntime();
  const session = await InferenceSession.create(join(model.directory, model.graph), {
    graphOptimizationLevel: "basic",
    optimizedModelFilePath: graph,
    logSeverityLevel: 4,
    extra: { session: { disable_quant_qdq: "1" } },
  });
  await session.release();
  copyFileSync(join(model.directory, "tokenizer.json"), join(folder, "tokenizer.json"));
  const isBert = model.description.inputs.includes("token_type_ids");
  const config = { model_type: isBert ? "bert" : "mpnet" };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  const tokenizer = {
    tokenizer_class: isBert ? "BertTokenizer" : "MPNetTokenizer",
    pad_token: isBert ? "[PAD]" : "<pad>",
    model_max_length: model.description.maxTokens,
  };
  writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify(tokenizer));
  return graph;
}

type StartNode = (name: string, settings: Partial<WaySettings>) => Promise<Way | null>;

/** Our own way with the copies that were made of the model. */
async function copies(node: StartNode): Promise<(Way | null)[]> {
  const ways: (Way | null)[] = [];
  for (const copy of ["int16", "fast"] as const) {
    const name = flags[copy];
    if (name !== undefined)
      ways.push(await node(`ours, ${copy}`, { directory: (await requireModel(name)).directory }));
  }
  return ways;
}

async function startWays(model: LocatedModel, graph: string): Promise<Way[]> {
  const script = join(import.meta.dirname, "embed-way.ts");
  const node: StartNode = (name, settings) => {
    const all: WaySettings = {
      ...{ way: "ours", directory: model.directory, graph, batch: 1, threads: Number(flags.threads) },
      ...{ transformers: flags.transformers ?? null },
      ...settings,
    };
    return startWay(name, process.execPath, [script, JSON.stringify(all)]);
  };
  const seed = join(import.meta.dirname, "embed_seed.py");
  if (flags.transformers === undefined)
    console.log(
      "transformers: left out, name a directory that has @huggingface/transformers with --transformers",
    );
  const library = (name: string, batch: number) =>
    flags.transformers === undefined ? null : node(name, { way: "transformers", batch });
  const started = [
    await startWay("python, one a call", flags.python, [seed, model.directory, graph]),
    await library("transformers, one a call", 1),
    await library("transformers, batch 32", 32),
    await node("onnxruntime-node, batch 32", { way: "onnxruntime", batch: 32 }),
    await node("onnxruntime-node, one a call", { way: "onnxruntime" }),
    await node("ours, fp32", {}),
    ...(await copies(node)),
  ];
  return started.filter((way) => way !== null);
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** Cosines to the vectors of the reference, and the share of ten nearest texts that are the same. */
function lossOf(vectors: WayAnswer["vectors"], reference: WayAnswer["vectors"]): string {
  if (vectors === undefined || reference === undefined) return "";
  const cosines = vectors.map((one, at) => cosine(one, reference[at] ?? [])).sort((a, b) => a - b);
  const nearest = (all: readonly (readonly number[])[], own: number) =>
    all
      .map((one, at) => ({ at, score: at === own ? -2 : cosine(one, all[own] ?? []) }))
      .sort((a, b) => b.score - a.score)
      .slice(0, 10)
      .map(({ at }) => at);
  const shares = vectors.map((_, at) => {
    const old = nearest(reference, at);
    return nearest(vectors, at).filter((one) => old.includes(one)).length / old.length;
  });
  const percentile = cosines[Math.floor(cosines.length / 100)] ?? 0;
  return `cosine mean ${(sum(cosines) / cosines.length).toFixed(5)} p1 ${percentile.toFixed(5)} min ${(cosines[0] ?? 0).toFixed(5)}, top-10 overlap ${(sum(shares) / shares.length).toFixed(3)}`;
}

/** Multiplications and additions of the linear layers for one token. */
async function operationsPerToken(graph: string, name: string): Promise<number> {
  const editor = editGraph(await readOnnx(graph));
  const linears = name.startsWith("static-") ? [] : findLinears(editor, name);
  return linears.reduce((all, { inputs, outputs }) => all + 2 * inputs * outputs, 0);
}

interface Bounds {
  /** 10^9 operations a CPU second of a product alone, by precision. */
  readonly roof: { readonly float32: number; readonly int8: number };
  readonly operations: number;
}

function print(
  measured: readonly Measured[],
  rounds: readonly { texts: number; tokens: number }[],
  { roof, operations }: Bounds,
): void {
  const [base] = measured;
  const reference = measured.find(({ way }) => way.name.startsWith("onnxruntime-node, one"));
  const texts = sum(rounds.map((round) => round.texts));
  const tokens = sum(rounds.map((round) => round.tokens));
  for (const { way, answers } of measured) {
    const seconds = sum(answers.map(({ ms }) => ms)) / 1000;
    const cpuSeconds = sum(answers.map(({ cpuMs }) => cpuMs)) / 1000;
    const ratio = (of: (answer: WayAnswer) => number) =>
      median(answers.map((answer, at) => of(base?.answers[at] ?? answer) / of(answer))).toFixed(2);
    console.log(
      [
        way.name.padEnd(28),
        `${(texts / seconds).toFixed(1)} texts/s`,
        `${(tokens / seconds).toFixed(0)} tokens/s`,
        `${(tokens / cpuSeconds).toFixed(0)} tokens/CPU-s`,
        `x ${ratio(({ ms }) => ms)} wall, x ${ratio(({ cpuMs }) => cpuMs)} CPU`,
        `${((100 * operations * tokens) / cpuSeconds / 1e9 / (way.name.endsWith("fast") ? roof.int8 : roof.float32)).toFixed(0)} % of the roof`,
        `${answers.at(-1)?.maxRssMiB} MiB`,
        `cold ${way.coldMs} ms`,
        lossOf(answers[0]?.vectors, reference?.answers[0]?.vectors),
      ].join("  "),
    );
  }
}

const root = mkdtempSync(join(tmpdir(), "remaster-bench-"));
try {
  const model = await requireModel(flags.model);
  const tokenize = await openTokenizer(join(model.directory, "tokenizer.json"), model.description.maxTokens);
  const perRound = Number(flags.texts);
  const corpus = chatTexts(perRound * Number(flags.rounds), SEED);
  const lengths = corpus.map((text) => tokenize(text).ids.length);
  const cpu = existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : "";
  const sets = ["avx2", "avx512f", "avx512_vnni", "amx_int8"].filter((set) => cpu.includes(` ${set}`));
  console.log(
    `${model.description.name}: ${corpus.length} texts of ${(sum(lengths) / lengths.length).toFixed(0)} tokens (longest ${Math.max(...lengths)}); instruction sets ${sets.join(" ")}`,
  );
  const roof = await measureRoof();
  console.log(
    `roof, one thread: ${roof.float32.toFixed(0)} GFLOP/s float32, ${roof.int8.toFixed(0)} GOP/s int8`,
  );
  const graph = await writeReference(model, root);
  const operations = await operationsPerToken(graph, model.description.name);
  const ways = await startWays(model, graph);
  const measured = ways.map((way): Measured => ({ way, answers: [] }));
  const rounds: { texts: number; tokens: number }[] = [];
  for (let at = 0; at < corpus.length; at += perRound) {
    const texts = corpus.slice(at, at + perRound);
    rounds.push({ texts: texts.length, tokens: sum(lengths.slice(at, at + perRound)) });
    for (const { way, answers } of measured) answers.push(await way.embed(texts, at === 0));
  }
  print(measured, rounds, { roof, operations });
  for (const way of ways) way.stop();
} finally {
  rmSync(root, { recursive: true });
}
