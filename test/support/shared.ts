import { existsSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..", "..");

/** The path of something in the folder `shared` beside the project, or beside the folder it lies in; null without it. */
export function sharedPath(...parts: string[]): string | null {
  const candidates = [join(root, "..", "shared", ...parts), join(root, "..", "..", "shared", ...parts)];
  return candidates.find((candidate) => existsSync(candidate)) ?? null;
}
