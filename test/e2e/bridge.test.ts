import assert from "node:assert/strict";
import { test } from "node:test";
import { startQdrant } from "../../local/qdrant/server.ts";
import type { Point, Qdrant } from "../../src/migration/ports.ts";
import { denseVectors } from "../../src/migration/schema.ts";
import { textOf } from "../../src/migration/text.ts";
import { vectorNumbers } from "../../src/migration/vector.ts";
import { openQdrant } from "../../src/qdrant/client.ts";
import { newFolder, remaster } from "../support/commandLine.ts";
import { loadMemories, readAll } from "../support/memories.ts";

const NEW_VECTOR = "static-768-8k";

/** A reader that knows nothing of names: the stored old vector of a memory finds that memory. */
async function assertOldReaderFinds(qdrant: Qdrant, points: readonly Point[]): Promise<void> {
  for (const { id, vectors } of points) {
    const vector = vectorNumbers(vectors, "");
    if (vector === null) continue;
    const hits = await qdrant.search("mem", vector, 3);
    assert.ok((hits[0]?.score ?? 0) > 0.9999, `${id}: ${hits[0]?.score}`);
  }
}

test("a bridge by the command line: both vectors, old readers served through the swap, the old vector dropped", async () => {
  await using server = await startQdrant({ port: 0 });
  const qdrant = openQdrant({ url: server.url, apiKey: async () => null });
  await loadMemories(qdrant, { collection: "mem_384d", alias: "mem", count: 1000 });
  const before = await readAll(qdrant, "mem_384d", true);
  const cwd = newFolder();
  const run = async (...args: string[]) => {
    const ended = await remaster([...args, "--collection", "mem", "--url", server.url, "--json"], { cwd });
    assert.equal(ended.code, 0, ended.err);
    return ended;
  };

  await run("migrate", "--layout", "bridge", "--source-model", "static-384-8k");
  const after = await readAll(qdrant, "mem_768d", true);
  assert.deepEqual(
    after.map(({ id, payload }) => [id, payload]),
    before.map(({ id, payload }) => [id, payload]),
  );
  after.forEach(({ payload, vectors }, index) => {
    assert.deepEqual(vectorNumbers(vectors, ""), vectorNumbers(before[index]?.vectors ?? null, ""));
    const found = textOf(payload, { textKey: ["content"], textTemplate: null });
    assert.equal(vectorNumbers(vectors, NEW_VECTOR)?.length, "text" in found ? 768 : undefined);
  });

  const readers = before.filter((_, index) => index % 50 === 0);
  await assertOldReaderFinds(qdrant, readers);
  await run("cutover");
  assert.deepEqual(await qdrant.aliases(), [{ alias: "mem", collection: "mem_768d" }]);
  await assertOldReaderFinds(qdrant, readers);
  await run("rollback");
  await run("cutover");
  await run("verify");
  await run("cleanup", "--confirm", "mem_384d");
  await assertOldReaderFinds(qdrant, readers);

  const dropped = await run("cleanup", "--drop-old-vector", "--confirm", "mem_768d");

  assert.match(dropped.err, /old vectors of mem_768d were deleted \(1000 points before, 1000 now\)/);
  assert.deepEqual(await qdrant.collections(), ["mem_768d"]);
  assert.equal(await qdrant.count("mem_768d", ""), 0);
  assert.equal(await qdrant.count("mem_768d", NEW_VECTOR), 995);
  const info = await qdrant.collection("mem_768d");
  assert.deepEqual(
    denseVectors(info ?? assert.fail()).map(({ name }) => name),
    ["", NEW_VECTOR],
  );
});
