import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../migration/errors.ts";
import { adviseRenewal } from "./renewal.ts";

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

// Hashed in less than a millisecond: the event loop goes on in between.
const READ_BYTES = 1 << 19;

/**
 * sha256 (hex) of a file, read through one buffer: models are larger than what a function may hold twice, and a
 * stream's buffers wait for the garbage collector (30 MB were seen).
 */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  await using file = await open(path);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, READ_BYTES);
    if (bytesRead === 0) return hash.digest("hex");
    hash.update(buffer.subarray(0, bytesRead));
  }
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
          `Model file ${file} in ${directory} cannot be read; ${adviseRenewal(directory)}`,
          { cause },
        );
      });
      if (found !== expected)
        throw new ConfigError(
          `Model file ${file} in ${directory} has sha256 ${found}, its manifest says ${expected}: it is damaged, cut short or another file; ${adviseRenewal(directory)}`,
        );
    }),
  );
}
