import { join } from "node:path";
import { ConfigError } from "../migration/errors.ts";
import type { ModelContract } from "../migration/model.ts";
import type { Embedder, Models } from "../migration/ports.ts";
import { checkAnswers } from "./answers.ts";
import { type LocatedModel, listModels, locateModel, TOKENIZER_FILE } from "./directory.ts";
import { createEmbedder } from "./embed.ts";
import { contractFrom } from "./fingerprint.ts";
import { BUILT_IN_MODEL, DEFAULT_MODEL, findKnown, KNOWN_MODELS, type KnownModel } from "./models.ts";
import { startSession, startTokenizer } from "./session.ts";
import { verifyFiles } from "./sums.ts";

export interface ModelOptions {
  /** Directory with one directory a model; null: the built-in pair alone. */
  readonly modelDir: string | null;
  /** Name of the deployment's own model; null: bge-base-en-v1.5 where its files are, else static-768-8k. */
  readonly defaultModel: string | null;
  /** Length the deployment expects of its own model's vectors; null: no check. */
  readonly dimensions: number | null;
  /** ONNX threads of one session. */
  readonly threads: number;
}

/** Names that `open` understands without a description of their own. */
export const knownModels = (): readonly KnownModel[] => KNOWN_MODELS;

/**
 * The contract of a model by name, from its manifest: nothing is loaded and no file is hashed. A known model
 * whose files are elsewhere has the contract of the hub's files.
 * @throws ConfigError for an unknown name or a wrong description.
 */
export async function contractOf(options: ModelOptions, name: string | null): Promise<ModelContract> {
  const wanted = name ?? options.defaultModel;
  const known = wanted === null ? null : findKnown(wanted);
  if (wanted !== null && known?.hub && (await locateModel(options.modelDir, wanted)) === null)
    return contractFrom(known, known.files);
  return (await findModel(options, name)).contract;
}

/**
 * The models of this process. One session per model, however often it is opened; loading starts when it is
 * asked for and does not block. A promise that nobody awaits yet is not an unhandled rejection.
 */
export function openModels(options: ModelOptions): Models {
  const loading = new Map<string, Promise<Embedder>>();
  const loadOnce = (model: LocatedModel): Promise<Embedder> => {
    const found = loading.get(model.directory);
    if (found !== undefined) return found;
    const started = loadModel(model, options.threads);
    loading.set(model.directory, started);
    // Files may be mended while the process lives: a failure is not remembered.
    started.catch(() => loading.delete(model.directory));
    return started;
  };
  return {
    open(name) {
      const opened = findModel(options, name).then(loadOnce);
      opened.catch(() => {});
      return opened;
    },
    async openContract({ fingerprint }) {
      const listed = await listModels(options.modelDir);
      const models = listed.flatMap((one) => ("model" in one ? [one.model] : []));
      const found = models.find((model) => model.contract.fingerprint === fingerprint);
      return found === undefined ? null : loadOnce(found);
    },
  };
}

async function findModel(options: ModelOptions, name: string | null): Promise<LocatedModel> {
  if (name !== null) return requireModel(options, name);
  const model = await findDefault(options);
  const { dimensions } = model.contract;
  if (options.dimensions !== null && options.dimensions !== dimensions)
    throw new ConfigError(
      `EMBEDDING_DIMENSIONS is ${options.dimensions}, model ${model.contract.id} makes vectors of length ${dimensions}; correct it, or set EMBEDDING_MODEL to another model.`,
    );
  return model;
}

async function findDefault(options: ModelOptions): Promise<LocatedModel> {
  if (options.defaultModel !== null) return requireModel(options, options.defaultModel);
  return (await locateModel(options.modelDir, DEFAULT_MODEL)) ?? requireModel(options, BUILT_IN_MODEL);
}

async function requireModel(options: ModelOptions, name: string): Promise<LocatedModel> {
  const model = await locateModel(options.modelDir, name);
  if (model !== null) return model;
  const short = findKnown(name)?.short ?? name;
  throw new ConfigError(
    `The files of model ${short} are not in ${options.modelDir ?? "the built-in pair"}. Set REMASTER_MODEL_DIR to a directory and run: remaster model fetch ${short}`,
  );
}

/**
 * Loads one model, every time anew. Its files are hashed meanwhile; a wrong hash is reported before what the
 * runtime says about it.
 * @throws ConfigError when a file is damaged, cannot be loaded, or gives other answers than the known ones.
 */
export async function loadModel(
  { directory, description, graph, contract }: LocatedModel,
  threads: number,
): Promise<Embedder> {
  const { name, inputs, output, pooling, normalized, dimensions, padTokenId, maxTokens } = description;
  const verified = verifyFiles(directory, contract.files);
  const started = Promise.all([
    startTokenizer(name, join(directory, TOKENIZER_FILE), maxTokens),
    startSession(name, {
      graphPath: join(directory, graph),
      threads,
      inputs,
      output,
      pooling,
      normalized,
      dimensions,
    }),
  ]);
  started.catch(() => {});
  await verified;
  const [tokenize, session] = await started;
  const embedder = createEmbedder({ contract, padTokenId, tokenize, session });
  await checkAnswers(directory, embedder);
  return embedder;
}
