import { createHash } from "node:crypto";
import type { ModelContract } from "../migration/model.ts";
import type { ModelDescription } from "./description.ts";

/**
 * The contract of a model whose files have these hashes.
 * The fingerprint covers what changes vectors and nothing else: the same files under another name or revision
 * make the same vectors, so they have the same fingerprint.
 */
export function contractFrom(
  model: ModelDescription,
  files: Readonly<Record<string, string>>,
): ModelContract {
  const sorted = Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
  const decisive = {
    files: sorted,
    dimensions: model.dimensions,
    maxTokens: model.maxTokens,
    pooling: model.pooling,
    normalized: model.normalized,
    queryPrefix: model.queryPrefix,
    passagePrefix: model.passagePrefix,
  };
  // The output's name is no field of the contract, but another output of the same graph is another vector.
  const fingerprint = createHash("sha256")
    .update(JSON.stringify({ ...decisive, output: model.output }))
    .digest("hex");
  return { id: model.name, revision: model.revision, ...decisive, fingerprint };
}
