import type { KeyUse, Qdrant } from "./ports.ts";
import type { Sample } from "./sample.ts";

/** Both keys: the planner's own, and the embedders', who work longest. On one machine they are the same. */
export async function keysWarnings(
  qdrant: Qdrant,
  { key }: Sample,
  use: Omit<KeyUse, "for">,
): Promise<readonly string[]> {
  const own = await qdrant.keyProblems({ ...use, for: "manage" });
  const embedders = await qdrant.keyProblems({ ...use, for: "points" }, key);
  return [
    ...own,
    ...embedders
      .filter((problem) => !own.includes(problem))
      .map((problem) => `Of the embedders' key: ${problem}`),
  ];
}
