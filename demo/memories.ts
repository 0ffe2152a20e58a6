// The memories of the first run: like a chat system's, with everything that makes migrations go wrong.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PointId, RawJson } from "../src/migration/ports.ts";
import { membersAt } from "../src/qdrant/slices.ts";
import { parseId } from "../src/qdrant/wire.ts";

export interface Memory {
  readonly id: PointId;
  readonly payload: RawJson;
}

/** About 2,000; some without text, some far too long, some in other scripts, ids of every kind. */
export function demoMemories(): readonly Memory[] {
  const lines = readFileSync(join(import.meta.dirname, "data", "memories.jsonl"), "utf8")
    .trim()
    .split("\n");
  return lines.map((line) => {
    const members = membersAt(line);
    return { id: parseId(members.get("id") ?? "null"), payload: members.get("payload") ?? "{}" };
  });
}

/** Searches whose best answers show the difference between the old and the new model. */
export const demoQueries: readonly string[] = [
  "how full is that restaurant right now",
  "my card was stolen, what do i do",
  "what is the exchange rate",
  "is it going to rain this weekend",
  "the money i sent never arrived",
];
