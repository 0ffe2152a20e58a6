import { ownName, type Plan } from "./plan.ts";
import type { JsonObject } from "./ports.ts";
import { readerNames } from "./readerNames.ts";
import type { NextAction } from "./report.ts";
import type { MigrationState } from "./state.ts";

const NEXT: Readonly<Partial<Record<MigrationState["phase"], readonly [action: string, what: string]>>> = {
  ready: ["cutover", "Send readers to the new collection."],
  "rolled-back": ["cutover", "Send readers to the new collection again."],
  done: [
    "cleanup",
    "When you are sure: delete the old collection (with snapshot, after taking one). Until then rollback brings it back.",
  ],
  planned: ["migrate", "Load the new collection."],
  "cut-over": ["cutover", "Go on with the swap, or undo what it began."],
  swap: ["cutover", "Go on with the swap, or undo what it began."],
  failed: ["migrate", "Mend what the error names, then go on where it was."],
  "not-ready": ["migrate", "Mend what failed, then run it again: it goes on where it was."],
  backfill: ["migrate", "Go on where it was."],
  "catch-up": ["migrate", "Go on where it was."],
};

const RESUME = ["resume", "Let the pages be sent again."] as const;

/** What a person does next with a migration that nothing works on. Null: nothing is left to do. */
export function nextOf(
  plan: Plan,
  state: Pick<MigrationState, "phase" | "paused" | "readerAliases">,
): NextAction | null {
  const { phase, paused } = state;
  if (phase === "cleaned" && plan.layout === "bridge") return dropNext(plan, state);
  const next = paused ? RESUME : NEXT[phase];
  if (next === undefined) return null;
  const [action, what] = next;
  const collection = ownName(plan);
  const input: JsonObject = { action, collection };
  return { what, input, command: `npx remaster ${action} --collection ${collection}` };
}

/** The end of a bridge: docs/bridge.md. */
function dropNext(plan: Plan, state: Pick<MigrationState, "readerAliases">): NextAction {
  const { target } = plan;
  // The old collection is gone, and its name with it.
  const collection = readerNames(plan, state)[0] ?? target.collection;
  return {
    what: "When no reader embeds with the old model any more: take its vector away. It cannot be taken back.",
    input: { action: "cleanup", collection, dropOldVector: true, confirm: target.collection },
    command: `npx remaster cleanup --collection ${collection} --drop-old-vector --confirm ${target.collection}`,
  };
}
