import { type Command, InvalidArgumentError, Option } from "commander";
import { ENV } from "../src/contract.ts";
import type { ModelOptions } from "../src/embedding/open.ts";

/** Flags of every command that opens a model. */
export interface ModelFlags {
  readonly modelDir?: string;
  readonly threads: number;
}

/** Where a command of models writes: its answer, and how far it is. */
export interface ModelStreams {
  readonly out: NodeJS.WritableStream;
  readonly progress: NodeJS.WritableStream;
}

function parseThreads(text: string): number {
  const threads = Number(text);
  if (Number.isInteger(threads) && threads >= 1 && threads <= 256) return threads;
  throw new InvalidArgumentError("must be a whole number from 1 to 256.");
}

export function modelOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--model-dir <dir>",
        "directory with one directory a model (default: the built-in pair)",
      ).env(ENV.modelDir),
    )
    .addOption(
      new Option("--threads <n>", "threads that run the model")
        .env(ENV.embeddingThreads)
        .argParser(parseThreads)
        .default(1),
    );
}

export function readModelOptions(flags: ModelFlags): ModelOptions {
  return { modelDir: flags.modelDir ?? null, defaultModel: null, dimensions: null, threads: flags.threads };
}
