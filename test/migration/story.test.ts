import assert from "node:assert/strict";
import { test } from "node:test";
import { vectorNumbers } from "../../src/migration/vector.ts";
import { describeKey } from "../../src/qdrant/key.ts";
import { fakeModels, fakeVector } from "../support/embedder.ts";
import { machineWithMemories, NEW, OLD, type StoryMachine } from "../support/machine.ts";

const MIGRATE = { action: "migrate", collection: "chat", sourceModel: "old", pageSizePoints: 7 };
const aliasOf = (machine: StoryMachine) => machine.qdrant.names.get("chat");

function assertMigrated(machine: StoryMachine): void {
  const [source, target] = [machine.qdrant.points("chat_4d"), machine.qdrant.points("chat_8d")];
  assert.deepEqual([...target.keys()].sort(), [...source.keys()].sort());
  for (const [id, { payload }] of source) {
    assert.equal(target.get(id)?.payload, payload);
    const expected = fakeVector(NEW, JSON.parse(payload).content);
    assert.deepEqual(vectorNumbers(target.get(id)?.vectors ?? null, ""), expected);
  }
}

test("a migration ends READY with every point in the target and the alias untouched", async () => {
  const machine = await machineWithMemories(50);

  const ended = await machine.run(MIGRATE);

  assert.equal(ended.cause, "");
  assert.equal(ended.outcomes[0]?.status, "READY");
  assert.deepEqual(ended.outcomes[0]?.tally, {
    total: 50,
    migrated: 50,
    unchanged: 0,
    skipped: 0,
    failed: 0,
  });
  assert.equal(aliasOf(machine), "chat_4d");
  assertMigrated(machine);
});

test("a dry run writes nothing, anywhere", async () => {
  const machine = await machineWithMemories(20);
  machine.qdrant.after = (call) => assert.fail(`${call} wrote`);

  const ended = await machine.run({ ...MIGRATE, dryRun: true });

  assert.equal(ended.outcomes[0]?.status, "PLANNED");
  assert.deepEqual(
    ended.outcomes[0]?.plan?.guarantees?.map(({ writer }) => writer),
    ["put", "touch", "unannounced"],
  );
  assert.equal(ended.outcomes[0]?.plan?.sourceProof.proven, true);
  assert.equal(ended.outcomes[0]?.plan?.forecast.points, 20);
  assert.equal(machine.ledger.objects.size, 0);
});

test("cut over, written to, rolled back, cut over again, cleaned up: nothing is lost on the way", async () => {
  const machine = await machineWithMemories(30);
  await machine.run(MIGRATE);

  assert.equal((await machine.run({ action: "cutover", collection: "chat" })).outcomes[0]?.status, "DONE");
  assert.equal(aliasOf(machine), "chat_8d");
  // Readers and writers live on the new collection now.
  const content = "written after the swap";
  machine.qdrant.put("chat", "1000", { content }, JSON.stringify([...fakeVector(NEW, content)]));
  machine.qdrant.points("chat").delete("7");

  assert.equal(
    (await machine.run({ action: "rollback", collection: "chat" })).outcomes[0]?.status,
    "ROLLED_BACK",
  );
  assert.equal(aliasOf(machine), "chat_4d");
  assert.equal(machine.qdrant.points("chat").has("7"), false);
  assert.deepEqual(
    vectorNumbers(machine.qdrant.points("chat").get("1000")?.vectors ?? null, ""),
    fakeVector(OLD, content),
  );

  await machine.run({ action: "cutover", collection: "chat" });
  assertMigrated(machine);
  const cleaned = await machine.run({ action: "cleanup", collection: "chat", confirm: "chat_4d" });
  assert.equal(cleaned.outcomes[0]?.status, "CLEANED");
  assert.deepEqual([...machine.qdrant.stored.keys()], ["chat_8d"]);
  assert.equal(aliasOf(machine), "chat_8d");
});

test("a second migration finds nothing to do, before and after the cut-over", async () => {
  const machine = await machineWithMemories(20);
  await machine.run(MIGRATE);
  machine.qdrant.after = (call) => assert.notEqual(call, "upsert");
  assert.equal((await machine.run(MIGRATE)).outcomes[0]?.status, "READY");
  await machine.run({ action: "cutover", collection: "chat" });

  const ended = await machine.run(MIGRATE);

  assert.equal(ended.outcomes[0]?.status, "NOTHING_TO_DO");
  assert.equal(
    (await machine.run({ ...MIGRATE, collection: "chat_4d" })).outcomes[0]?.status,
    "NOTHING_TO_DO",
  );
});

test("a prefix takes each collection once and never the target of an earlier run", async () => {
  const machine = await machineWithMemories(10);
  await machine.run(MIGRATE);

  const ended = await machine.run({ ...MIGRATE, collection: "chat*" });

  assert.deepEqual(
    ended.outcomes.map(({ collection }) => collection),
    ["chat_4d"],
  );
  assert.deepEqual([...machine.qdrant.stored.keys()], ["chat_4d", "chat_8d"]);
});

test("with automatic cut-over a green gate goes on to the swap", async () => {
  const machine = await machineWithMemories(20);

  const ended = await machine.run({ ...MIGRATE, cutover: "auto" });

  assert.equal(ended.outcomes[0]?.status, "DONE");
  assert.equal(aliasOf(machine), "chat_8d");
});

test("readers of a plain name get an alias, and the plan says so", async () => {
  const machine = await machineWithMemories(10);
  machine.qdrant.names.clear();

  await machine.run({ ...MIGRATE, collection: "chat_4d" });
  await machine.run({ action: "cutover", collection: "chat_4d" });

  assert.equal(machine.qdrant.names.get("chat_live"), "chat_8d");
});

test("a point that cannot be embedded makes the gate red, and the cut-over is refused", async () => {
  const machine = await machineWithMemories(10);
  machine.qdrant.put("chat_4d", "99", { content: "UNEMBEDDABLE" });

  const ended = await machine.run(MIGRATE);
  const cutover = await machine.run({ action: "cutover", collection: "chat" });

  assert.equal(ended.outcomes[0]?.status, "NOT_READY");
  assert.equal(ended.outcomes[0]?.tally?.failed, 1);
  assert.equal(cutover.error, "RefusedError");
  assert.match(cutover.cause, /1 points failed: 1 no-tokens/);
  assert.equal(aliasOf(machine), "chat_4d");
});

test("an override moves the alias, is kept, and the failed point survives a rollback", async () => {
  const machine = await machineWithMemories(10);
  machine.qdrant.put("chat_4d", "99", { content: "UNEMBEDDABLE" });
  await machine.run(MIGRATE);
  const override = { by: "ada", why: "one broken message is fine" };

  assert.equal(
    (await machine.run({ action: "cutover", collection: "chat", override })).outcomes[0]?.status,
    "DONE",
  );
  await machine.run({ action: "rollback", collection: "chat" });

  assert.equal(machine.qdrant.points("chat_4d").has("99"), true);
  const cleanup = await machine.run({ action: "cleanup", collection: "chat_4d", confirm: "chat_4d" });
  assert.equal(cleanup.error, "RefusedError");
});

test("an embedder killed in the middle of pages loses nothing: the ledger says what is missing", async () => {
  const machine = await machineWithMemories(60);
  let pages = 0;
  machine.beforePage = () => {
    pages++;
    // Every third page's message vanishes altogether, as a queue in memory does when its process dies.
    if (pages % 3 === 0 && pages < 12) {
      machine.messages.length = 0;
      throw new Error("killed");
    }
  };

  const ended = await machine.run(MIGRATE);

  assert.equal(ended.cause, "");
  machine.beforePage = () => {};
  await machine.drain();
  assertMigrated(machine);
});

test("killed before any call of a function, started again: the same result", async () => {
  for (let step = 1; step <= 24; step++) {
    const machine = await machineWithMemories(25);
    let calls = 0;
    let isKilled = false;
    // From the killed call on nothing works any more, not even the clean-up.
    machine.beforeCall = () => {
      calls++;
      if (calls >= step && isKilled === false) isKilled = true;
      if (isKilled) throw Object.assign(new Error("killed"), { name: "PermanentError" });
    };
    await machine.run(MIGRATE);
    machine.beforeCall = () => {};

    const ended = await machine.run(MIGRATE);

    assert.equal(ended.cause, "", `killed at call ${step}`);
    assert.equal(ended.outcomes[0]?.status, "READY");
    assertMigrated(machine);
  }
});

test("killed before any call of a cut-over, started again: the alias ends at the target, never at nothing", async () => {
  for (let step = 1; step <= 14; step++) {
    const machine = await machineWithMemories(10);
    await machine.run(MIGRATE);
    let calls = 0;
    machine.beforeCall = () => {
      if (++calls >= step) throw Object.assign(new Error("killed"), { name: "PermanentError" });
    };
    await machine.run({ action: "cutover", collection: "chat" });
    assert.ok(["chat_4d", "chat_8d"].includes(aliasOf(machine) ?? ""));
    machine.beforeCall = () => {};

    const ended = await machine.run({ action: "cutover", collection: "chat" });

    assert.equal(ended.cause, "", `killed at call ${step}`);
    assert.equal(aliasOf(machine), "chat_8d");
  }
});

test("the answer to the swap is lost: what the alias says decides", async () => {
  const machine = await machineWithMemories(10);
  await machine.run(MIGRATE);
  machine.qdrant.after = (call) => {
    if (call === "changeAliases") throw Object.assign(new Error("no answer"), { name: "PermanentError" });
  };
  await machine.run({ action: "cutover", collection: "chat" });
  machine.qdrant.after = () => {};

  const ended = await machine.run({ action: "cutover", collection: "chat" });

  assert.equal(ended.cause, "");
  assert.equal(aliasOf(machine), "chat_8d");
});

test("writes that go on during the migration are caught up before it is READY", async () => {
  const machine = await machineWithMemories(40);
  let writes = 0;
  machine.beforeCall = (name) => {
    // Quiet only from the first comparison on.
    if (name === "verifier") machine.beforeCall = () => {};
    writes++;
    machine.qdrant.put("chat_4d", String(writes * 5), { content: `changed ${writes}` });
    machine.qdrant.put("chat_4d", String(500 + writes), { content: `new ${writes}` });
    machine.qdrant.points("chat_4d").delete(String(writes * 5 + 1));
  };

  const ended = await machine.run(MIGRATE);

  assert.equal(ended.outcomes[0]?.status, "READY");
  assertMigrated(machine);
});

test("a second run on the same collection is refused with the name of the first", async () => {
  const machine = await machineWithMemories(10);
  let second: Awaited<ReturnType<StoryMachine["run"]>> | null = null;
  machine.beforeCall = async (name) => {
    if (name !== "coordinator" || second !== null) return;
    machine.beforeCall = () => {};
    second = await machine.run(MIGRATE);
  };

  const first = await machine.run(MIGRATE);

  assert.equal(first.outcomes[0]?.status, "READY");
  const refused = second as Awaited<ReturnType<StoryMachine["run"]>> | null;
  assert.equal(refused?.error, "RefusedError");
  assert.match(refused?.cause ?? "", /Another run is at work on collection chat_4d: execution-1/);
});

test("a paused migration waits, and an aborted one ends with the alias untouched", async () => {
  const machine = await machineWithMemories(30);
  let isSteered = false;
  machine.beforeCall = async (name) => {
    if (name !== "progress" || isSteered) return;
    isSteered = true;
    machine.beforeCall = () => {};
    await machine.run({ action: "pause", collection: "chat" });
    await machine.drain();
    assert.equal(machine.qdrant.points("chat_8d").size, 0);
    await machine.run({ action: "abort", collection: "chat" });
  };

  const ended = await machine.run(MIGRATE);

  assert.equal(ended.error, "RefusedError");
  assert.match(ended.cause, /was aborted/);
  assert.equal(aliasOf(machine), "chat_4d");
});

interface Refusal {
  readonly prepare?: (machine: StoryMachine) => Promise<void> | void;
  readonly input?: object;
  readonly says: RegExp;
  readonly error: string;
}

const REFUSALS: Readonly<Record<string, Refusal>> = {
  "no such collection": {
    input: { collection: "chta" },
    says: /No collection or alias matches chta.*chat_4d, chat \(alias\)/,
    error: "ConfigError",
  },
  "a key that is not known": {
    input: { colection: "chat" },
    says: /unknown key "colection"; known keys are action, collection/,
    error: "ConfigError",
  },
  "a model that is not known": { input: { model: "gpt" }, says: /No model gpt/, error: "ConfigError" },
  "a text key that no point has": {
    input: { textKey: "text" },
    says: /None of 10 points.*text under text.*content \(100 %\), n \(100 %\)/,
    error: "RefusedError",
  },
  "a target that is somebody else's": {
    prepare: ({ qdrant }) => qdrant.createCollection("chat_8d", { vectors: { size: 16, distance: "Dot" } }),
    says: /Target chat_8d exists, with vectors of size 16 and no mark of Remaster/,
    error: "RefusedError",
  },
  "an alias with the name of a collection": {
    prepare: async ({ qdrant }) => {
      await qdrant.createCollection("other", { vectors: { size: 4, distance: "Cosine" } });
      qdrant.names.set("chat_4d", "other");
    },
    input: { collection: "chat_4d" },
    says: /chat_4d is the name of a collection and of an alias of other/,
    error: "RefusedError",
  },
  "an alias that would be made but is a collection": {
    prepare: async ({ qdrant }) => {
      qdrant.names.clear();
      await qdrant.createCollection("chat_live", { vectors: { size: 4, distance: "Cosine" } });
    },
    input: { collection: "chat_4d" },
    says: /would make the alias chat_live, but a collection has that name/,
    error: "RefusedError",
  },
  "several vectors and none named": {
    prepare: ({ qdrant }) => {
      const found = qdrant.stored.get("chat_4d");
      if (found === undefined) return;
      const one = { size: 4, distance: "Cosine" };
      found.config = { ...found.config, params: { vectors: { text: one, image: one } } };
    },
    says: /several vectors: "text", "image"/,
    error: "RefusedError",
  },
};

for (const [name, { prepare, input, says, error }] of Object.entries(REFUSALS)) {
  test(`refuses ${name}, and changes nothing`, async () => {
    const machine = await machineWithMemories(10);
    await prepare?.(machine);
    const before = [...machine.qdrant.stored.keys()];
    machine.qdrant.after = (call) => assert.fail(`${call} wrote`);

    const ended = await machine.run({ ...MIGRATE, ...input });

    assert.equal(ended.error, error);
    assert.match(ended.cause, says);
    assert.deepEqual([...machine.qdrant.stored.keys()], before);
  });
}

test("a source whose model cannot be proven is migrated, and the plan says what falls away", async () => {
  const machine = await machineWithMemories(20);
  machine.models = fakeModels([NEW]);

  const planned = await machine.run({ action: "migrate", collection: "chat", dryRun: true });

  assert.equal(planned.outcomes[0]?.plan?.sourceProof.proven, false);
  assert.match(planned.outcomes[0]?.plan?.sourceProof.says ?? "", /cannot be embedded back/);
  await machine.run({ action: "migrate", collection: "chat" });
  assertMigrated(machine);
});

test("the plan looks at the embedders' key too, which the planner does not hold", async () => {
  const machine = await machineWithMemories(10);
  const token = (access: readonly object[]) =>
    `eyJ.${Buffer.from(JSON.stringify({ exp: machine.now / 1000 + 1, access })).toString("base64url")}.x`;
  const own = machine.qdrant.keyDescription;
  const rights = [{ collection: "chat_4d", access: "rw" }];
  machine.beforeCall = (name) => {
    machine.qdrant.keyDescription =
      name === "embedder" ? async () => describeKey(token(rights)) : own.bind(machine.qdrant);
  };

  const planned = await machine.run({ ...MIGRATE, dryRun: true });

  const said = (planned.outcomes[0]?.plan?.warnings ?? []).filter((warning) =>
    /embedders' key/.test(warning),
  );
  assert.equal(said.length, 2);
  assert.match(said[0] ?? "", /^Of the embedders' key: The API key expires at .*, before the forecast's end/);
  assert.match(said[1] ?? "", /^Of the embedders' key: The API key may not write chat_8d/);
});

test("what stands against the API key is said in the plan", async () => {
  const machine = await machineWithMemories(10);
  machine.qdrant.keyProblems = async () => ["The API key expires tomorrow."];

  const planned = await machine.run({ ...MIGRATE, dryRun: true });

  assert.ok(planned.outcomes[0]?.plan?.warnings.includes("The API key expires tomorrow."));
});

test("a cleanup that was killed right after the deletion ends as cleaned when it is started again", async () => {
  const machine = await machineWithMemories(10);
  await machine.run(MIGRATE);
  await machine.run({ action: "cutover", collection: "chat" });
  const deletes = machine.qdrant.deleteCollection.bind(machine.qdrant);
  machine.qdrant.deleteCollection = async (name) => {
    await deletes(name);
    throw Object.assign(new Error("killed"), { name: "PermanentError" });
  };
  const cleanup = { action: "cleanup", collection: "chat", confirm: "chat_4d" };

  const killed = await machine.run(cleanup);
  machine.qdrant.deleteCollection = deletes;
  const [again] = (await machine.run(cleanup)).outcomes;

  assert.equal(killed.status, "FAILED");
  assert.match(again?.says ?? "", /chat_4d was deleted already/);
  assert.equal((await machine.run({ action: "verify", collection: "chat" })).outcomes[0]?.status, "REFUSED");
});
