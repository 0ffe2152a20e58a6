import assert from "node:assert/strict";
import { test } from "node:test";
import { startQdrant } from "../../local/qdrant/server.ts";
import type { Qdrant } from "../../src/migration/ports.ts";
import { textOf } from "../../src/migration/text.ts";
import { openQdrant } from "../../src/qdrant/client.ts";
import { newFolder, remaster } from "../support/commandLine.ts";
import { loadMemories, readAll } from "../support/memories.ts";

const open = (url: string) => openQdrant({ url, apiKey: async () => null });

const aliasesOf = async (qdrant: Qdrant) =>
  Object.fromEntries((await qdrant.aliases()).map(({ alias, collection }) => [alias, collection]));

/** Ids and payloads byte for byte, and a vector of the right size for every text. */
async function assertCarriedOver(qdrant: Qdrant, source: string, target: string): Promise<void> {
  const [before, after] = [await readAll(qdrant, source), await readAll(qdrant, target, true)];
  assert.deepEqual(
    after.map(({ id, payload }) => ({ id, payload })),
    before.map(({ id, payload }) => ({ id, payload })),
  );
  for (const { payload, vectors } of after) {
    const text = textOf(payload, { textKey: ["content"], textTemplate: null });
    assert.equal(JSON.parse(vectors ?? "{}").length, "text" in text ? 768 : undefined);
  }
}

test("plan, migrate, status, verify, cutover, rollback and cleanup, as a user would", async () => {
  await using server = await startQdrant({ port: 0 });
  const qdrant = open(server.url);
  await loadMemories(qdrant, { collection: "whisperengine_memory_elena", count: 3000 });
  const cwd = newFolder();
  const run = (...args: string[]) => remaster([...args, "--url", server.url, "--json"], { cwd });
  const one = ["--collection", "whisperengine_memory_elena"];

  const plan = await run("plan", ...one, "--source-model", "static-384-8k");
  assert.equal(plan.code, 0, plan.err);
  assert.deepEqual(await qdrant.collections(), ["whisperengine_memory_elena"]);
  assert.match(plan.err, /3000 points.*\n.*Time here/);
  assert.match(plan.err, /makes the alias|made by the swap/);

  const migrate = await run("migrate", ...one, "--source-model", "static-384-8k");
  assert.equal(migrate.code, 0, migrate.err);
  assert.deepEqual(migrate.json?.tally, {
    total: 3000,
    migrated: 2985,
    unchanged: 0,
    skipped: 15,
    failed: 0,
  });
  await assertCarriedOver(qdrant, "whisperengine_memory_elena", "whisperengine_memory_elena_768d");

  assert.equal((await run("status", ...one)).code, 0);
  assert.equal((await run("verify", ...one)).code, 0);
  assert.equal((await run("cutover", ...one)).code, 0);
  assert.deepEqual(await aliasesOf(qdrant), {
    whisperengine_memory_elena_live: "whisperengine_memory_elena_768d",
  });
  assert.equal((await run("rollback", ...one)).code, 0);
  assert.deepEqual(await aliasesOf(qdrant), {
    whisperengine_memory_elena_live: "whisperengine_memory_elena",
  });

  const again = await run("cutover", "--collection", "whisperengine_memory_elena_live");
  assert.equal(again.code, 0, again.err);
  const early = await run("cleanup", ...one);
  assert.equal(early.code, 3);
  assert.match(early.err, /way back stays open for another 72 hours/);
  assert.equal((await run("cleanup", ...one, "--confirm", "whisperengine_memory_elena")).code, 0);
  assert.deepEqual(await qdrant.collections(), ["whisperengine_memory_elena_768d"]);
});

test("all collections of a prefix, cut over and the old ones deleted; the second run finds nothing to do", async () => {
  await using server = await startQdrant({ port: 0 });
  const qdrant = open(server.url);
  for (const name of ["a", "b"])
    await loadMemories(qdrant, { collection: `mem_${name}_384d`, alias: `mem_${name}`, count: 300 });
  await qdrant.createCollection("mem_broken", { vectors: { size: 4, distance: "Cosine" } });
  await qdrant.upsert("mem_broken", [
    { id: "1", payload: '{"text":"under another key"}', vectors: "[1,0,0,0]" },
  ]);
  const cwd = newFolder();
  const all = ["migrate", "--all-collections", "--prefix", "mem_", "--url", server.url, "--json"];

  const first = await remaster([...all, "--source-model", "static-384-8k", "--delete-old"], { cwd });

  // One bad collection does not stop the others.
  assert.equal(first.code, 3, first.err);
  assert.match(first.err, /mem_broken: REFUSED.*payload keys are: text \(100 %\)/);
  assert.deepEqual([...(await qdrant.collections())].sort(), ["mem_a_768d", "mem_b_768d", "mem_broken"]);
  assert.deepEqual(await aliasesOf(qdrant), { mem_a: "mem_a_768d", mem_b: "mem_b_768d" });

  const second = await remaster(all, { cwd });
  assert.match(second.err, /mem_a_768d: left alone, made by Remaster from mem_a_384d/);
  assert.deepEqual([...(await qdrant.collections())].sort(), ["mem_a_768d", "mem_b_768d", "mem_broken"]);
});

test("Ctrl-C ends a run cleanly: the lock is free and the same command goes on", async () => {
  await using server = await startQdrant({ port: 0 });
  const qdrant = open(server.url);
  await loadMemories(qdrant, { collection: "mem_384d", alias: "mem", count: 4000 });
  const cwd = newFolder();
  const args = [
    ...["migrate", "--collection", "mem", "--source-model", "static-384-8k", "--url", server.url],
    ...["--batch-size", "8", "--json"],
  ];

  const stopped = await remaster(args, { cwd, interruptAt: /mem_384d .*\/4000/ });

  assert.equal(stopped.code, 130, stopped.err);
  assert.match(stopped.err, /Stopped. The same command goes on where it was/);
  const status = await remaster(["status", "--collection", "mem", "--url", server.url, "--json"], { cwd });
  assert.match(JSON.stringify(status.json), /"owner":null/);
  const ended = await remaster(args, { cwd });
  assert.equal(ended.code, 0, ended.err);
  await assertCarriedOver(qdrant, "mem_384d", "mem_768d");
});

interface BadInput {
  readonly args: (url: string) => readonly string[];
  readonly code: number;
  readonly says: RegExp;
  readonly env?: Readonly<Record<string, string>>;
}

const one = ["--collection", "mem"];
const BAD_INPUT: Readonly<Record<string, BadInput>> = {
  "a flag that is not known": {
    args: () => ["migrate", ...one, "--bach-size", "3"],
    code: 2,
    says: /unknown option '--bach-size'/,
  },
  "a verb that is not known": { args: () => ["migrat"], code: 2, says: /unknown command 'migrat'/ },
  "no collection": { args: (url) => ["plan", "--url", url], code: 2, says: /Which collection\?/ },
  "a collection that is not there": {
    args: (url) => ["plan", "--collection", "other", "--url", url],
    code: 2,
    says: /No collection or alias matches other\. There are: mem\./,
  },
  "an address where nothing listens": {
    args: () => ["plan", ...one, "--url", "http://127.0.0.1:9"],
    code: 2,
    says: /There is no Qdrant at http:\/\/127\.0\.0\.1:9/,
  },
  "an address that is none": {
    args: () => ["plan", ...one, "--url", "localhost"],
    code: 2,
    says: /must be an address/,
  },
  "a wrong key": {
    args: (url) => ["plan", ...one, "--url", url, "--api-key-env", "WRONG"],
    code: 3,
    says: /Check the API key/,
    env: { WRONG: "not-the-key" },
  },
  "a model that is not known": {
    args: (url) => ["plan", ...one, "--url", url, "--model", "gpt-7"],
    code: 2,
    says: /gpt-7.*bge-base-en-v1\.5/s,
  },
  "dimensions that the model does not have": {
    args: (url) => ["plan", ...one, "--url", url],
    code: 2,
    says: /EMBEDDING_DIMENSIONS|dimensions/,
    env: { EMBEDDING_DIMENSIONS: "1024" },
  },
  "a text key that no point has": {
    args: (url) => ["plan", ...one, "--url", url, "--text-key", "body"],
    code: 3,
    says: /text under body\. Their payload keys are: content \(100 %\)/,
  },
};

test("bad input gets a clear error, its exit code, and changes nothing", async (context) => {
  await using server = await startQdrant({ port: 0, apiKey: "the-key" });
  const qdrant = openQdrant({ url: server.url, apiKey: async () => "the-key" });
  await qdrant.createCollection("mem", { vectors: { size: 4, distance: "Cosine" } });
  await qdrant.upsert("mem", [{ id: "1", payload: '{"content":"a memory"}', vectors: "[1,0,0,0]" }]);

  for (const [name, { args, code, says, env }] of Object.entries(BAD_INPUT))
    await context.test(name, async () => {
      const ended = await remaster(args(server.url), { env: { QDRANT_API_KEY: "the-key", ...env } });

      assert.match(ended.out + ended.err, says);
      assert.equal(ended.code, code);
    });

  assert.deepEqual(await qdrant.collections(), ["mem"]);
});

test("where the server makes new collections strict, the target is as the source is, and the gate is green", async () => {
  await using server = await startQdrant({
    port: 0,
    strictMode: { enabled: true, unindexed_filtering_retrieve: false, max_payload_index_count: 100 },
  });
  const qdrant = open(server.url);
  await loadMemories(qdrant, { collection: "mem_384d", alias: "mem", count: 300 });
  await qdrant.updateCollection("mem_384d", { strict_mode_config: { enabled: false } });

  const args = ["--collection", "mem", "--source-model", "static-384-8k", "--url", server.url, "--json"];
  const ended = await remaster(["migrate", ...args]);

  assert.equal(ended.code, 0, ended.err);
});
