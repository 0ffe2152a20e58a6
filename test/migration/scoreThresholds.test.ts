import assert from "node:assert/strict";
import { test } from "node:test";
import { reportKey } from "../../src/migration/keys.ts";
import type { Report } from "../../src/migration/report.ts";
import { machineWithMemories } from "../support/machine.ts";

const QUERIES = "queries/named.jsonl";

test("a score threshold of the request is translated in the run's report", async () => {
  const machine = await machineWithMemories(60);
  const queries = Array.from({ length: 20 }, (_, n) => ({
    id: `q${n}`,
    text: `question ${n}`,
    relevant: { [n + 1]: 1 },
  }));
  await machine.ledger.create(QUERIES, queries.map((query) => JSON.stringify(query)).join("\n"));

  const ended = await machine.run({
    action: "migrate",
    collection: "chat",
    sourceModel: "old",
    queries: QUERIES,
    scoreThresholds: [0.45],
  });

  const stored = await machine.ledger.read(reportKey(ended.outcomes[0]?.migration ?? ""));
  const report: Report = JSON.parse(stored?.body ?? "null");
  assert.deepEqual(
    report.thresholds?.changes.map(({ old }) => old),
    [0.3, 0.45, 0.5, 0.7],
  );
});
