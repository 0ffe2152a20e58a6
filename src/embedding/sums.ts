import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ConfigError } from "../migration/errors.ts";

/** Lines of `sha256sum`: hash, two spaces (or space and star), path. Other lines are passed over. */
export function parseSums(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(/^([0-9a-f]{64}) [ *](.+)$/gm)].map((match) => [match[2] ?? "", match[1] ?? ""]),
  );
}

/** The inverse of `parseSums`. */
export const encodeSums = (files: Readonly<Record<string, string>>): string =>
  Object.entries(files)
    .map(([file, hash]) => `${hash}  ${file}\n`)
    .join("");

/** sha256 (hex) of a file, read as a stream: models are larger than what a function may hold twice. */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("hex");
}

/**
 * Reads every file to its end and compares.
 * @throws ConfigError that names the first file that is missing or is not the one the manifest describes.
 */
export async function verifyFiles(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  await Promise.all(
    Object.entries(files).map(async ([file, expected]) => {
      const found = await sha256File(join(directory, file)).catch((cause) => {
        throw new ConfigError(
          `Model file ${file} in ${directory} cannot be read; fetch the model again with: remaster model fetch ${basename(directory)}`,
          { cause },
        );
      });
      if (found !== expected)
        throw new ConfigError(
          `Model file ${file} in ${directory} has sha256 ${found}, its manifest says ${expected}: it is damaged, cut short or another file. Fetch the model again with: remaster model fetch ${basename(directory)}`,
        );
    }),
  );
}
