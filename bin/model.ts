// Getting models, looking at them, making them faster.
import { readFile } from "node:fs/promises";
import { Command, Option } from "commander";
import { hasAnswers, recordAnswers } from "../src/embedding/answers.ts";
import {
  type Listed,
  type LocatedModel,
  listModels,
  locateDirectory,
  locateModel,
} from "../src/embedding/directory.ts";
import { measureRanking } from "../src/embedding/fast/loss.ts";
import { optimizeModel, type Precision } from "../src/embedding/fast/optimize.ts";
import { fetchModel } from "../src/embedding/fetch.ts";
import { knownModels, loadModel, openModels } from "../src/embedding/open.ts";
import { ConfigError } from "../src/migration/errors.ts";
import { type ModelFlags, modelOptions, readModelOptions } from "./model-flags.ts";
import { progressLine } from "./progress-line.ts";

interface FetchFlags extends ModelFlags {
  readonly from?: string;
  readonly endpoint: string;
}

interface OptimizeFlags extends ModelFlags {
  readonly texts: string;
  readonly precision: Precision;
  readonly out?: string;
  readonly data?: string;
  readonly sets: readonly string[];
}

export interface ModelStreams {
  readonly out: NodeJS.WritableStream;
  readonly progress: NodeJS.WritableStream;
}

export function modelCommand(
  streams: ModelStreams = { out: process.stdout, progress: process.stderr },
): Command {
  const model = new Command("model").description("get, list, verify and optimise embedding models");
  model.addCommand(
    modelOptions(
      new Command("list").description("list the models that are here, and those that can be fetched"),
    ).action((flags: ModelFlags) => list(flags, streams)),
  );
  model.addCommand(
    modelOptions(
      new Command("verify")
        .description("hash every file of a model, load it and compare its known answers")
        .argument("[name]", "one model (default: every model that is here)"),
    ).action((name: string | undefined, flags: ModelFlags) => verify(name ?? null, flags, streams)),
  );
  model.addCommand(
    modelOptions(
      new Command("fetch")
        .description("put a model into the directory of models: whole, verified, resumed where it broke off")
        .argument("<name>", "full or short name")
        .option("--from <dir>", "a directory that holds the files (default: the hub)")
        .addOption(
          new Option("--endpoint <url>", "address of the hub or a mirror")
            .env("HF_ENDPOINT")
            .default("https://huggingface.co"),
        ),
    ).action((name: string, flags: FetchFlags) => fetchOne(name, flags, streams)),
  );
  model.addCommand(optimizeCommand(streams));
  return model;
}

function optimizeCommand(streams: ModelStreams): Command {
  const command = new Command("optimize")
    .alias("quantize")
    .description("make a faster copy of a model, measure what it loses, and refuse one that loses too much")
    .argument("<name>", "a model that is here")
    .requiredOption("--texts <file>", "texts like yours, one JSON string a line: they calibrate and measure")
    .addOption(
      new Option("--precision <precision>", "int8: 8-bit products; fp32: the graph alone")
        .choices(["int8", "fp32"])
        .default("int8"),
    )
    .option("--out <dir>", "directory of models for the copy (default: --model-dir)")
    .option("--data <dir>", "labelled sets (<set>.corpus.jsonl, <set>.queries.jsonl) to measure ranking with")
    .option("--sets <names...>", "which of them", ["banking77"]);
  return modelOptions(command).action((name: string, flags: OptimizeFlags) => optimize(name, flags, streams));
}

async function list(flags: ModelFlags, { out }: ModelStreams): Promise<void> {
  const listed = await listModels(flags.modelDir ?? null);
  for (const one of listed) out.write(`${listedLine(one)}\n`);
  const here = new Set(listed.flatMap((one) => ("model" in one ? [one.model.description.name] : [])));
  for (const { short, name, dimensions } of knownModels())
    if (!here.has(name))
      out.write(`${short}: ${dimensions}-D, not here; get it with: remaster model fetch ${short}\n`);
}

function listedLine(one: Listed): string {
  if ("problem" in one) return `${one.folder}: cannot be used. ${one.problem.message}`;
  const { description, contract, directory } = one.model;
  const { dimensions, maxTokens, pooling } = description;
  return `${one.folder}: ${description.name}, ${dimensions}-D, ${maxTokens} tokens, ${pooling}, fingerprint ${contract.fingerprint.slice(0, 12)}, ${directory}`;
}

async function verify(name: string | null, flags: ModelFlags, { out }: ModelStreams): Promise<void> {
  const options = readModelOptions(flags);
  if (name !== null) {
    const { contract } = await openModels(options).open(name);
    out.write(`${contract.id}: files and known answers are right.\n`);
    return;
  }
  const problems: string[] = [];
  for (const one of await listModels(options.modelDir)) {
    const problem = await problemOf(one, flags);
    if (problem !== null) problems.push(one.folder);
    out.write(`${one.folder}: ${problem ?? "files and known answers are right."}\n`);
  }
  if (problems.length > 0)
    throw new ConfigError(`${problems.length} models cannot be used: ${problems.join(", ")}.`);
}

async function problemOf(one: Listed, flags: ModelFlags): Promise<string | null> {
  if ("problem" in one) return one.problem.message;
  try {
    await loadModel(one.model, flags.threads);
    return null;
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

async function optimize(name: string, flags: OptimizeFlags, { out, progress }: ModelStreams): Promise<void> {
  const model = await locateModel(flags.modelDir ?? null, name);
  const target = flags.out ?? flags.modelDir;
  if (model === null || target === undefined)
    throw new ConfigError(
      `model optimize ${name} needs the model's files and a directory for the copy: set --model-dir or REMASTER_MODEL_DIR.`,
    );
  const { directory, loss } = await optimizeModel(model, {
    precision: flags.precision,
    texts: await readTexts(flags.texts),
    out: target,
    threads: flags.threads,
    onStep: (step) => progress.write(`${step}\n`),
  });
  out.write(
    `${loss.texts} texts: cosine mean ${loss.cosineMean.toFixed(5)}, 1st percentile ${loss.cosineP1.toFixed(5)}, minimum ${loss.cosineMin.toFixed(5)}; top-10 overlap ${loss.top10Overlap.toFixed(3)}.\n`,
  );
  if (flags.data !== undefined) await compareRanking(model, directory, { ...flags, data: flags.data }, out);
  out.write(`${name} is optimised in ${directory}.\n`);
}

/** One JSON string a line. */
async function readTexts(path: string): Promise<string[]> {
  const lines = (await readFile(path, "utf8")).split("\n").filter((line) => line !== "");
  return lines.map((line, at) => {
    const text: unknown = JSON.parse(line);
    if (typeof text === "string") return text;
    throw new ConfigError(`Line ${at + 1} of ${path} is not a JSON string.`);
  });
}

async function compareRanking(
  before: LocatedModel,
  directory: string,
  flags: OptimizeFlags & { readonly data: string },
  out: NodeJS.WritableStream,
): Promise<void> {
  const after = await locateDirectory(directory);
  if (after === null) throw new Error(`${directory} holds no description. This is a bug.`);
  const models = [await loadModel(before, flags.threads), await loadModel(after, flags.threads)];
  for (const set of flags.sets) {
    const scores: string[] = [];
    for (const model of models) scores.push((await measureRanking(model, flags.data, set)).toFixed(4));
    out.write(`${set}: nDCG@10 ${scores.join(" → ")}.\n`);
  }
}

async function fetchOne(name: string, flags: FetchFlags, { out, progress }: ModelStreams): Promise<void> {
  if (flags.modelDir === undefined)
    throw new ConfigError(
      `model fetch ${name} needs a directory to put it in: set --model-dir or REMASTER_MODEL_DIR.`,
    );
  const line = progressLine(progress);
  const directory = await fetchModel(name, {
    modelDir: flags.modelDir,
    endpoint: flags.endpoint,
    from: flags.from ?? null,
    onProgress: line.show,
  });
  line.end();
  if (!(await hasAnswers(directory))) await record(name, directory, flags);
  out.write(`${name} is in ${directory}.\n`);
}

async function record(name: string, directory: string, flags: ModelFlags): Promise<void> {
  await recordAnswers(directory, await openModels(readModelOptions(flags)).open(name));
}
