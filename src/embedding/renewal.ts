import { basename } from "node:path";

/** Ends of the names of copies that `model optimize` makes, by their precision. */
export const COPY_SUFFIXES = { int8: "fast", int16: "int16", fp32: "fp32" } as const;

/** What to do about files of a model that are damaged: a copy cannot be fetched, it is made again. */
export function adviseRenewal(directory: string): string {
  const folder = basename(directory);
  for (const [precision, suffix] of Object.entries(COPY_SUFFIXES)) {
    if (!folder.endsWith(`-${suffix}`)) continue;
    const original = folder.slice(0, -suffix.length - 1);
    return `make the copy again with: remaster model optimize ${original} --precision ${precision} --texts FILE`;
  }
  return `fetch the model again with: remaster model fetch ${folder}`;
}
