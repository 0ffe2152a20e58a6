// Getting models, looking at them, making them faster.
import { Command, Option } from "commander";
import { hasAnswers, recordAnswers } from "../src/embedding/answers.ts";
import { type Listed, listModels } from "../src/embedding/directory.ts";
import { fetchModel } from "../src/embedding/fetch.ts";
import { loadModel } from "../src/embedding/load.ts";
import { knownModels, openModels } from "../src/embedding/open.ts";
import { ConfigError } from "../src/migration/errors.ts";
import { type ModelFlags, type ModelStreams, modelOptions, readModelOptions } from "./model-flags.ts";
import { optimizeCommand } from "./model-optimize.ts";
import { progressLine } from "./progress-line.ts";

interface FetchFlags extends ModelFlags {
  readonly from?: string;
  readonly endpoint: string;
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
