import assert from "node:assert/strict";
import { test } from "node:test";
import { machineWithMemories } from "../support/machine.ts";

test("indexing that a stopped run's last call held back is put right by the next run", async () => {
  const machine = await machineWithMemories(10);
  const input = { action: "migrate", collection: "chat", sourceModel: "old" };
  await machine.run(input);
  await machine.qdrant.updateCollection("chat_8d", { optimizers_config: { indexing_threshold: 0 } });

  const ended = await machine.run(input);

  assert.equal(ended.outcomes[0]?.status, "READY");
});
