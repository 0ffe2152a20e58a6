import { createHash } from "node:crypto";
import { ConfigError } from "../../src/migration/errors.ts";
import type { ModelContract } from "../../src/migration/model.ts";
import type { Embedded, Embedder, Models } from "../../src/migration/ports.ts";

export function fakeContract(id: string, dimensions = 8): ModelContract {
  return {
    id,
    revision: "1",
    files: {},
    dimensions,
    maxTokens: 512,
    pooling: "mean",
    normalized: true,
    queryPrefix: "",
    passagePrefix: "",
    fingerprint: createHash("sha256").update(id).digest("hex"),
  };
}

/** A unit vector that depends on the model and the whole text, and on nothing else. */
export function fakeVector(contract: ModelContract, text: string): Float32Array {
  const digest = createHash("sha512").update(`${contract.id}\n${text}`).digest();
  const numbers = Float32Array.from(
    { length: contract.dimensions },
    (_, index) => (digest[index] ?? 0) - 127.5,
  );
  const norm = Math.hypot(...numbers);
  return numbers.map((value) => value / norm);
}

/** A text with the word UNEMBEDDABLE is an outcome with a reason, as a real model's would be. */
export function fakeEmbedder(contract: ModelContract): Embedder {
  const embedOne = (text: string): Embedded =>
    text.includes("UNEMBEDDABLE")
      ? { ok: false, reason: "no-tokens" }
      : { ok: true, vector: fakeVector(contract, text), tokens: text.split(" ").length, tokensLost: 0 };
  return {
    contract,
    embed: async (texts) => texts.map(embedOne),
    recognize: async () => ({ known: null, doubts: [] }),
  };
}

export function fakeModels(contracts: readonly ModelContract[]): Models {
  return {
    async open(name) {
      const found = name === null ? contracts[0] : contracts.find(({ id }) => id === name);
      if (found === undefined) throw new ConfigError(`No model ${name}.`);
      return fakeEmbedder(found);
    },
    async openContract({ fingerprint }) {
      const found = contracts.find((contract) => contract.fingerprint === fingerprint);
      return found === undefined ? null : fakeEmbedder(found);
    },
  };
}
