import { openOutside, preloadModel } from "../../src/outside.ts";
import { answerCall } from "../../src/queryCall.ts";

preloadModel();

/** Vectors or search results by the model the alias points to now; called directly or over the Function URL. */
export async function handler(event: unknown): Promise<unknown> {
  const { qdrant, ledger, models, log } = openOutside();
  const open = () => ({ qdrant: qdrant(), ledger: ledger(), models: models() });
  return answerCall({ open, log }, event);
}
