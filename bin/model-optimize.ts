// Making a faster copy of a model, from the command line.
import { readFile } from "node:fs/promises";
import { Command, Option } from "commander";
import { type LocatedModel, locateDirectory, locateModel } from "../src/embedding/directory.ts";
import { measureRanking } from "../src/embedding/fast/loss.ts";
import { optimizeModel } from "../src/embedding/fast/optimize.ts";
import type { Precision } from "../src/embedding/fast/rewrite.ts";
import { loadModel } from "../src/embedding/load.ts";
import { ConfigError } from "../src/migration/errors.ts";
import { type ModelFlags, type ModelStreams, modelOptions } from "./model-flags.ts";

interface OptimizeFlags extends ModelFlags {
  readonly texts: string;
  readonly precision: Precision;
  readonly out?: string;
  readonly data?: string;
  readonly sets: readonly string[];
}

export function optimizeCommand(streams: ModelStreams): Command {
  const command = new Command("optimize")
    .alias("quantize")
    .description("make a faster copy of a model, measure what it loses, and refuse one that loses too much")
    .argument("<name>", "a model that is here")
    .requiredOption("--texts <file>", "texts like yours, one JSON string a line: they calibrate and measure")
    .addOption(
      new Option(
        "--precision <precision>",
        "int8: 8-bit products; int16: pairs of them, vectors as in float32; fp32: the graph alone",
      )
        .choices(["int8", "int16", "fp32"])
        .default("int8"),
    )
    .option("--out <dir>", "directory of models for the copy (default: --model-dir)")
    .option("--data <dir>", "labelled sets (<set>.corpus.jsonl, <set>.queries.jsonl) to measure ranking with")
    .option("--sets <names...>", "which of them", ["banking77"]);
  return modelOptions(command).action((name: string, flags: OptimizeFlags) => optimize(name, flags, streams));
}

async function optimize(name: string, flags: OptimizeFlags, { out, progress }: ModelStreams): Promise<void> {
  const model = await locateModel(flags.modelDir ?? null, name);
  const target = flags.out ?? flags.modelDir;
  if (model === null)
    throw new ConfigError(
      `model optimize ${name} found no files of that model${flags.modelDir === undefined ? "" : ` in ${flags.modelDir}`}: get them with \`remaster model fetch ${name}\`, or set --model-dir (REMASTER_MODEL_DIR) to the directory that holds the model's own, with its config.json and SHA256SUMS.`,
    );
  if (target === undefined)
    throw new ConfigError(
      `model optimize ${name} needs a directory of models for the copy: set --out, --model-dir or REMASTER_MODEL_DIR.`,
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
