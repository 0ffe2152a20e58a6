import { copyFile, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../migration/errors.ts";
import { encodeDescription } from "./description.ts";
import { ANSWERS_FILE, type LocatedModel, locateDirectory } from "./directory.ts";
import { type DownloadOptions, downloadFile } from "./download.ts";
import { findKnown, type KnownModel } from "./models.ts";
import { encodeSums, verifyFiles } from "./sums.ts";

export interface FetchOptions {
  /** Directory of models that gets a new one. */
  readonly modelDir: string;
  /** Address of the hub or of a mirror. */
  readonly endpoint: string;
  /** A directory with the files, instead of the hub; null: the hub. */
  readonly from: string | null;
  /** Called with the file and its bytes that are here. */
  readonly onProgress: (file: string, bytes: number, total: number) => void;
  readonly retryMs?: DownloadOptions["retryMs"];
}

/**
 * Puts a model into the directory of models, whole or not at all: files are gathered in a hidden directory
 * beside it, checked, and renamed at the end. What a broken fetch left there is gone on with.
 * @returns the model's directory.
 * @throws ConfigError when the model is unknown or a file is not the pinned one; TransientError when the hub
 * cannot be reached.
 */
export async function fetchModel(name: string, options: FetchOptions): Promise<string> {
  const described = options.from === null ? null : await locateDirectory(options.from);
  if (described === null) return fetchKnown(requireHubModel(name), options);
  return stage(folderOf(name), options, (staging) => copyDescribed(described, staging));
}

/** `fetchModel` for a model whose files and hashes are known. */
export function fetchKnown(known: KnownModel, options: FetchOptions): Promise<string> {
  return stage(known.short, options, (staging) => gatherKnown(known, staging, options));
}

async function stage(
  folder: string,
  { modelDir }: FetchOptions,
  gather: (staging: string) => Promise<void>,
): Promise<string> {
  const staging = join(modelDir, `.fetch-${folder}`);
  await mkdir(staging, { recursive: true });
  await gather(staging);
  const target = join(modelDir, folder);
  await replaceDirectory(staging, target);
  return target;
}

/** The directory's name: the last part of a full name. */
const folderOf = (name: string): string => name.slice(name.lastIndexOf("/") + 1);

function requireHubModel(name: string): KnownModel {
  const known = findKnown(name);
  if (known?.hub) return known;
  throw new ConfigError(
    known === null
      ? `Model ${JSON.stringify(name)} is not one the hub's files of are known; put its files and a config.json into a directory and use --from.`
      : `Model ${known.name} comes with the project; there is nothing to fetch.`,
  );
}

async function gatherKnown(known: KnownModel, staging: string, options: FetchOptions): Promise<void> {
  for (const [file, { path, bytes }] of Object.entries(known.hub ?? {})) {
    const target = join(staging, file);
    if (options.from !== null) await copyEither(options.from, [path, file], target);
    else
      await downloadFile(
        {
          url: `${options.endpoint.replace(/\/+$/, "")}/${known.name}/resolve/${known.revision}/${path}`,
          path: target,
          bytes,
          sha256: known.files[file] ?? "",
        },
        {
          onProgress: (here) => options.onProgress(file, here, bytes),
          ...(options.retryMs === undefined ? {} : { retryMs: options.retryMs }),
        },
      );
  }
  await finish(staging, known, known.files);
}

/** The hub's layout (`onnx/model.onnx`) or a flat one. */
async function copyEither(from: string, names: readonly string[], target: string): Promise<void> {
  for (const name of names)
    if (await stat(join(from, name)).catch(() => null)) return copyFile(join(from, name), target);
  throw new ConfigError(
    `${from} holds none of ${names.join(", ")}; name a directory with the model's files.`,
  );
}

async function copyDescribed(
  { directory, description, contract }: LocatedModel,
  staging: string,
): Promise<void> {
  const remarks = (await readdir(directory)).filter((file) => file === ANSWERS_FILE || file === "NOTICE");
  for (const file of [...Object.keys(contract.files), ...remarks])
    await copyFile(join(directory, file), join(staging, file));
  await finish(staging, description, contract.files);
}

async function finish(
  staging: string,
  description: LocatedModel["description"],
  files: Readonly<Record<string, string>>,
): Promise<void> {
  await verifyFiles(staging, files);
  await writeFile(join(staging, "config.json"), encodeDescription({ ...description, files }));
  await writeFile(join(staging, "SHA256SUMS"), encodeSums(files));
}

async function replaceDirectory(staging: string, target: string): Promise<void> {
  const old = `${target}.old`;
  await rm(old, { recursive: true, force: true });
  const isThere = (await stat(target).catch(() => null)) !== null;
  if (isThere) await rename(target, old);
  await rename(staging, target);
  await rm(old, { recursive: true, force: true });
}
