// A real migration's swap and rollback while an application goes on asking.
import assert from "node:assert/strict";
import { test } from "node:test";
import { followAlias } from "remaster/client";
import { Machine } from "../../local/machine.ts";
import { startQdrant } from "../../local/qdrant/server.ts";
import { openQdrant } from "../../src/qdrant/client.ts";
import { newFolder } from "../support/commandLine.ts";
import { loadMemories, readAll } from "../support/memories.ts";

test("no query fails through cut-over and rollback, although the source has no mark", async () => {
  await using server = await startQdrant({ port: 0 });
  const qdrant = openQdrant({ url: server.url, apiKey: async () => null });
  await loadMemories(qdrant, { collection: "chat_384d", alias: "chat", count: 60 });
  const ledgerFolder = newFolder();
  await using machine = await Machine.start({
    qdrantUrl: server.url,
    apiKey: null,
    ledgerFolder,
    modelDir: null,
    embeddingModel: "static-768-8k",
    embeddingDimensions: null,
    concurrency: 1,
    onLog: () => {},
    drainSecondsMax: 0.5,
  });
  const run = async (input: object): Promise<void> => {
    const { error } = await machine.run({ collection: "chat", ...input }, new AbortController().signal);
    assert.equal(error, null);
  };
  await run({ action: "migrate", sourceModel: "static-384-8k" });
  const contents = (await readAll(qdrant, "chat_384d")).flatMap(({ payload }) => {
    const { content }: { content?: unknown } = JSON.parse(payload);
    return typeof content === "string" && content.length > 20 ? [content] : [];
  });

  const client = followAlias({
    qdrantUrl: server.url,
    alias: "chat",
    ledgerUrl: `file://${ledgerFolder}`,
    followedMs: 50,
  });
  const models = new Set<string>();
  let isOver = false;
  const asking = (async () => {
    for (let turn = 0; !isOver; turn++) {
      const [hit] = await client.search(contents[turn % contents.length] ?? "", { limit: 1 });
      // The memory itself, or its twin.
      assert.ok((hit?.score ?? 0) > 0.99, `${turn}: ${hit?.score}`);
      models.add((await client.now()).contract.id);
    }
  })();
  // A query that failed ends the test at once, not at the end of the swaps.
  for (const action of ["cutover", "rollback"])
    await Promise.race([run({ action, override: { by: "test", why: "small sample" } }), asking]);
  isOver = true;
  await asking;

  assert.equal(models.size, 2);
});
