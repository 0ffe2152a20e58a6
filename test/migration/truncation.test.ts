import assert from "node:assert/strict";
import { test } from "node:test";
import { reportKey } from "../../src/migration/keys.ts";
import type { ModelContract } from "../../src/migration/model.ts";
import type { Embedder, Models } from "../../src/migration/ports.ts";
import type { Report } from "../../src/migration/report.ts";
import { fakeContract } from "../support/embedder.ts";
import { machineWithMemories, NEW, OLD } from "../support/machine.ts";

// "memory number 7" has three words.
const LIMITS: Readonly<Record<string, number>> = { [OLD.id]: 2, [NEW.id]: 512 };

/** Models that see the first words of a text only. */
function withLimits(models: Models): Models {
  const limited = (embedder: Embedder): Embedder => ({
    ...embedder,
    embed: async (texts, kind) =>
      (await embedder.embed(texts, kind)).map((one) => {
        const lost = one.ok ? Math.max(0, one.tokens - (LIMITS[embedder.contract.id] ?? 0)) : 0;
        return one.ok ? { ...one, tokens: one.tokens - lost, tokensLost: lost } : one;
      }),
  });
  return {
    open: async (name) => limited(await models.open(name)),
    openContract: async (contract: ModelContract) => {
      const embedder = await models.openContract(contract);
      return embedder === null ? null : limited(embedder);
    },
  };
}

async function truncationOf(changes: { readonly madeBy: ModelContract }) {
  const machine = await machineWithMemories(30, changes.madeBy);
  machine.models = withLimits(machine.models);
  const ended = await machine.run({ action: "migrate", collection: "chat", sourceModel: "old" });
  const stored = await machine.ledger.read(reportKey(ended.outcomes[0]?.migration ?? ""));
  const report: Report = JSON.parse(stored?.body ?? "null");
  return report.truncation;
}

test("the report says what each model cut off the same texts", async () => {
  const found = await truncationOf({ madeBy: OLD });

  assert.deepEqual(found, {
    texts: 30,
    newOver: 0,
    newTokensLost: 0,
    sample: { texts: 30, old: { over: 30, tokensLost: 30 }, new: { over: 0, tokensLost: 0 } },
  });
});

test("nothing is said of an old model that is not proven", async () => {
  const found = await truncationOf({ madeBy: fakeContract("another", 4) });

  assert.equal(found?.sample, null);
});
