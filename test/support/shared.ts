import { existsSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** Material that stands beside the project and is too big for it; null where it is missing. */
export function sharedPath(...parts: readonly string[]): string | null {
  const candidates = [join(root, "../shared", ...parts), join(root, "../../shared", ...parts)];
  return candidates.find((path) => existsSync(path)) ?? null;
}
