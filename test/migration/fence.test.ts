import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../src/migration/ports.ts";
import { machineWithMemories, type StoryMachine } from "../support/machine.ts";

const MIGRATE = { action: "migrate", collection: "chat", sourceModel: "old", pageSizePoints: 7 };
const CUTOVER = { action: "cutover", collection: "chat", maxFenceSeconds: 60 };

const strictModeOf = (machine: StoryMachine): unknown =>
  machine.qdrant.stored.get("chat_4d")?.config.strict_mode_config;

/** Strict mode of the source at every call of the verifier: is the fence up during the last look? */
async function migratedAndWatched(strict?: JsonObject) {
  const machine = await machineWithMemories(20);
  const found = machine.qdrant.stored.get("chat_4d");
  if (strict !== undefined && found !== undefined)
    found.config = { ...found.config, strict_mode_config: strict };
  await machine.run(MIGRATE);
  const seen: unknown[] = [];
  machine.beforeCall = (name) => {
    if (name === "verifier") seen.push(strictModeOf(machine));
  };
  return { machine, seen };
}

test("upserts are stopped during the last look only, and may go on when the alias has moved", async () => {
  const { machine, seen } = await migratedAndWatched();

  const ended = await machine.run(CUTOVER);

  assert.equal(ended.outcomes[0]?.status, "DONE");
  assert.equal(seen[0], undefined);
  assert.deepEqual(seen.at(-1), { enabled: true, upsert_max_batchsize: 0 });
  assert.deepEqual(strictModeOf(machine), { enabled: false, upsert_max_batchsize: 100_000 });
});

test("strict mode of one's own comes back as it was", async () => {
  const strict = { enabled: true, upsert_max_batchsize: 500, max_query_limit: 50 };
  const { machine } = await migratedAndWatched(strict);

  await machine.run(CUTOVER);

  assert.deepEqual(strictModeOf(machine), strict);
});

test("a last look that takes too long lifts the fence and leaves the alias where it was", async () => {
  const { machine } = await migratedAndWatched();
  machine.beforeCall = (name, event) => {
    if (name === "swapper" && (event as { op: string }).op === "swap") machine.now += 61_000;
  };

  const ended = await machine.run(CUTOVER);

  assert.equal(ended.error, "RefusedError");
  assert.match(ended.cause, /longer than maxFenceSeconds \(60\)/);
  assert.equal(machine.qdrant.names.get("chat"), "chat_4d");
  assert.deepEqual(strictModeOf(machine), { enabled: false, upsert_max_batchsize: 100_000 });
});

test("whatever call of a fenced cut-over fails, the fence does not stay", async () => {
  for (let step = 1; step <= 12; step++) {
    const { machine } = await migratedAndWatched();
    let calls = 0;
    machine.beforeCall = (_, event) => {
      if (++calls === step && (event as { op: string }).op !== "close")
        throw Object.assign(new Error("broken"), { name: "PermanentError" });
    };

    await machine.run(CUTOVER);

    const strict = strictModeOf(machine) as { enabled?: boolean } | undefined;
    assert.notEqual(strict?.enabled, true, `failed at call ${step}`);
  }
});

test("dormant limits are not brought to life for a fence", async () => {
  const { machine } = await migratedAndWatched({ enabled: false, max_query_limit: 10 });

  const ended = await machine.run(CUTOVER);

  assert.match(ended.cause, /cannot be fenced: .*max_query_limit/);
  assert.deepEqual(strictModeOf(machine), { enabled: false, max_query_limit: 10 });
  assert.equal(machine.qdrant.names.get("chat"), "chat_4d");
});
