import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ConfigError } from "../migration/errors.ts";
import type { ModelContract } from "../migration/model.ts";
import { type ModelDescription, parseDescription } from "./description.ts";
import { contractFrom } from "./fingerprint.ts";
import { findKnown, isSameName, KNOWN_MODELS } from "./models.ts";
import { parseSums } from "./sums.ts";

/** The pair that comes with the project. */
export const BUILT_IN_DIR = join(import.meta.dirname, "../../demo/models");

export const TOKENIZER_FILE = "tokenizer.json";
export const ANSWERS_FILE = "golden.json";
const SUMS_FILE = "SHA256SUMS";

/** A model whose directory is here. Its files have not been looked at. */
export interface LocatedModel {
  readonly directory: string;
  readonly description: ModelDescription;
  /** File name of the graph. */
  readonly graph: string;
  readonly contract: ModelContract;
}

/** Directories of models, first match first: the user's, then the built-in pair. */
const modelRoots = (modelDir: string | null): string[] =>
  modelDir === null ? [BUILT_IN_DIR] : [modelDir, BUILT_IN_DIR];

async function readText(path: string): Promise<string | null> {
  return readFile(path, "utf8").catch(() => null);
}

async function directoriesIn(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch((cause) => {
    // A bundle may come without the built-in pair.
    if (root === BUILT_IN_DIR) return [];
    throw new ConfigError(
      `The model directory ${root} cannot be read; set REMASTER_MODEL_DIR to one that can.`,
      { cause },
    );
  });
  return entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith("."))
    .map((entry) => entry.name)
    .sort();
}

// The hub's own config.json describes the network, not how text becomes a vector.
const isHubConfig = (text: string): boolean => /"(model_type|architectures)"\s*:/.test(text);

/** What the directory says of itself, or what is known under the directory's name; null when neither. */
async function describe(directory: string, folder: string): Promise<ModelDescription | null> {
  const text = await readText(join(directory, "config.json"));
  if (text === null || isHubConfig(text)) return findKnown(folder);
  const description = parseDescription(join(directory, "config.json"), text);
  const known = findKnown(description.name);
  if (known !== null) refuseContradiction(directory, description, known);
  return description;
}

/** A known name with another pooling gives vectors of the right length and quietly bad search. */
function refuseContradiction(directory: string, found: ModelDescription, known: ModelDescription): void {
  const differing = (["dimensions", "pooling", "normalized", "queryPrefix", "passagePrefix"] as const)
    .filter((key) => found[key] !== known[key])
    .map((key) => `${key} is ${JSON.stringify(found[key])}, ${known.name} has ${JSON.stringify(known[key])}`);
  if (differing.length > 0)
    throw new ConfigError(
      `The model description in ${directory} contradicts its name: ${differing.join("; ")}. Correct it, or give the model a name of its own.`,
    );
}

async function hashesOf(
  directory: string,
  folder: string,
  model: ModelDescription,
): Promise<Record<string, string>> {
  if (Object.keys(model.files).length > 0) return { ...model.files };
  const own = parseSums((await readText(join(directory, SUMS_FILE))) ?? "");
  if (own.size > 0) return Object.fromEntries(own);
  const shared = parseSums((await readText(join(directory, "..", SUMS_FILE))) ?? "");
  const prefix = `${folder}/`;
  return Object.fromEntries(
    [...shared]
      .filter(([path]) => path.startsWith(prefix))
      .map(([path, hash]) => [path.slice(prefix.length), hash]),
  );
}

/** The graph's file name: as described, or the one .onnx file of the manifest. */
function graphOf(
  directory: string,
  model: ModelDescription,
  hashes: Readonly<Record<string, string>>,
): string {
  const graphs = Object.keys(hashes).filter((file) => file.endsWith(".onnx"));
  const graph =
    model.graph !== null && model.graph in hashes ? model.graph : graphs.length === 1 ? graphs[0] : undefined;
  if (graph === undefined || !(TOKENIZER_FILE in hashes))
    throw new ConfigError(
      `Model ${model.name} in ${directory} needs the sha256 of ${model.graph ?? "one .onnx file"} and of ${TOKENIZER_FILE}, found those of ${Object.keys(hashes).join(", ") || "none"}. Write them with: sha256sum *.onnx ${TOKENIZER_FILE} > ${SUMS_FILE}`,
    );
  return graph;
}

/** Weights may lie in files beside the graph: without their hashes anything could stand in them. */
async function refuseUnhashed(
  directory: string,
  graph: string,
  hashes: Readonly<Record<string, string>>,
): Promise<void> {
  const beside = (await readdir(directory)).filter(
    (file) => file.startsWith(graph) || /\.data$|_data(_\d+)?$/.test(file),
  );
  const unhashed = beside.filter((file) => !(file in hashes));
  if (unhashed.length > 0)
    throw new ConfigError(
      `The model in ${directory} holds ${unhashed.join(", ")}, which its manifest has no sha256 of. Write it with: sha256sum ${graph}* ${TOKENIZER_FILE} > ${SUMS_FILE} (or into "files" of config.json), or remove what is not the model's.`,
    );
}

async function locateFolder(root: string, folder: string): Promise<LocatedModel | null> {
  const directory = join(root, folder);
  const description = await describe(directory, folder);
  if (description === null) return null;
  const hashes = await hashesOf(directory, folder, description);
  const graph = graphOf(directory, description, hashes);
  await refuseUnhashed(directory, graph, hashes);
  const decisive = Object.fromEntries(Object.entries(hashes).filter(([file]) => changesVectors(file)));
  return { directory, description, graph, contract: contractFrom(description, decisive) };
}

/** The model that a directory describes; null when it describes none. */
export async function locateDirectory(path: string): Promise<LocatedModel | null> {
  const directory = resolve(path);
  const text = await readText(join(directory, "config.json"));
  if (text === null || isHubConfig(text)) return null;
  return locateFolder(dirname(directory), basename(directory));
}

// Known answers and notices may stand in a manifest; they change no vector.
const changesVectors = (file: string): boolean =>
  file !== ANSWERS_FILE && !/^(NOTICE|LICENSE|README)/.test(file);

export type Listed =
  | { readonly folder: string; readonly root: string; readonly model: LocatedModel }
  | { readonly folder: string; readonly root: string; readonly problem: ConfigError };

/** Every directory of a model, also those that cannot be used, with the reason. */
export async function listModels(modelDir: string | null): Promise<Listed[]> {
  const listed: Listed[] = [];
  for (const root of modelRoots(modelDir))
    for (const folder of await directoriesIn(root)) {
      try {
        const model = await locateFolder(root, folder);
        if (model !== null) listed.push({ folder, root, model });
      } catch (problem) {
        if (!(problem instanceof ConfigError)) throw problem;
        listed.push({ folder, root, problem });
      }
    }
  return listed;
}

/** True when `name` means this model: its full name, the short name of a known one, or its directory. */
function isNamed(listed: Listed, name: string): boolean {
  if (isSameName(listed.folder, name)) return true;
  if (!("model" in listed)) return false;
  const full = listed.model.description.name;
  return isSameName(full, name) || findKnown(name)?.name === full;
}

/**
 * Finds a model by full name, short name or directory, without case.
 * @returns null when it is a known model whose files are not here.
 * @throws ConfigError for an unknown name, with the known ones, or a description that is wrong.
 */
export async function locateModel(modelDir: string | null, name: string): Promise<LocatedModel | null> {
  const listed = await listModels(modelDir);
  const found = listed.find((one) => isNamed(one, name));
  if (found !== undefined) {
    if ("problem" in found) throw found.problem;
    return found.model;
  }
  if (findKnown(name) !== null) return null;
  await refusePath(name);
  const names = new Set([...KNOWN_MODELS.map((model) => model.short), ...listed.map((one) => one.folder)]);
  throw new ConfigError(
    `Model ${JSON.stringify(name)} is unknown. Known are ${[...names].join(", ")}; another one needs a directory with a config.json in REMASTER_MODEL_DIR.`,
  );
}

/** People name what they see: the model's own directory. */
async function refusePath(name: string): Promise<void> {
  const path = resolve(name);
  const isDirectory = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isDirectory)
    throw new ConfigError(
      `${name} is a directory, a model is given by its name: set REMASTER_MODEL_DIR (--model-dir) to ${dirname(path)} and name ${basename(path)}.`,
    );
}
