import { ConfigError } from "../migration/errors.ts";
import type { ModelContract } from "../migration/model.ts";
import type { Embedder, Models } from "../migration/ports.ts";
import { type LocatedModel, listModels, locateModel } from "./directory.ts";
import { contractFrom } from "./fingerprint.ts";
import { startModel } from "./load.ts";
import { BUILT_IN_MODEL, DEFAULT_MODEL, findKnown, KNOWN_MODELS, type KnownModel } from "./models.ts";

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
    const started = startModel(model, options.threads);
    const embedder = started.then((loaded) => loaded.embedder);
    loading.set(model.directory, embedder);
    // Files may be mended while the process lives, and a thread may die: neither failure is remembered. Whoever
    // opens the model next loads it again, once, with all its checks.
    started
      .then(({ ended }) => ended)
      .finally(() => loading.delete(model.directory))
      .catch(() => {});
    return embedder;
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
