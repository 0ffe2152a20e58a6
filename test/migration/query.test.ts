import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { holdWrites, swapAliases } from "../../src/migration/cutover.ts";
import { ConfigError } from "../../src/migration/errors.ts";
import { readLock } from "../../src/migration/lock.ts";
import { withMark } from "../../src/migration/metadata.ts";
import type { ModelContract } from "../../src/migration/model.ts";
import { beginPass } from "../../src/migration/passes.ts";
import { answerQuery, type QueryAnswer } from "../../src/migration/query.ts";
import { parseQuery } from "../../src/migration/queryRequest.ts";
import { fakeContract, fakeModels, fakeVector } from "../support/embedder.ts";
import { FakeLedger } from "../support/ledger.ts";
import { machineWithMemories, NEW, OLD } from "../support/machine.ts";
import { FakeQdrant } from "../support/qdrant.ts";
import { seeded } from "../support/random.ts";

const MIGRATE = { action: "migrate", collection: "chat", sourceModel: "old", pageSizePoints: 7 };
const text = (id: number) => `memory number ${id}`;
const search = { limit: 1, filter: null, scoreThreshold: null, withPayload: true };
const ask = (id: number, isSearch = true) => ({
  alias: "chat",
  texts: [text(id)],
  search: isSearch ? search : null,
});

test("without search the vectors of the model the alias points to are the answer", async () => {
  const machine = await machineWithMemories(10);
  await machine.run(MIGRATE);
  const before = await answerQuery(machine, ask(3, false));
  await machine.run({ action: "cutover", collection: "chat" });
  const after = await answerQuery(machine, ask(3, false));

  assert.deepEqual([before.collection, before.contract.id], ["chat_4d", "old"]);
  assert.deepEqual(before.vectors, [fakeVector(OLD, text(3))]);
  assert.deepEqual([after.collection, after.contract.id], ["chat_8d", "new"]);
  assert.deepEqual(after.vectors, [fakeVector(NEW, text(3))]);
  assert.equal(after.results, null);
});

test("a collection without a mark is answered by the model its plan proved, and refused without one", async () => {
  const machine = await machineWithMemories(10);
  await assert.rejects(answerQuery(machine, ask(1)), { name: "RefusedError", message: /--source-model/ });

  await machine.run(MIGRATE);

  assert.equal((await answerQuery(machine, ask(1))).contract.id, "old");
  const withoutLedger = { ...machine, qdrant: machine.qdrant, ledger: null };
  await assert.rejects(answerQuery(withoutLedger, ask(1)), { name: "RefusedError" });
});

test("a name that is nobody's and a model that is not here are refused with what to do", async () => {
  const machine = await machineWithMemories(3);
  await machine.run({ ...MIGRATE, cutover: "auto" });

  await assert.rejects(answerQuery(machine, { ...ask(1), alias: "nobody" }), {
    name: "RefusedError",
    message: /no alias or collection nobody/,
  });
  machine.models = fakeModels([OLD]);
  await assert.rejects(answerQuery(machine, ask(1)), {
    name: "RefusedError",
    message: /Model new.*chat_8d.*remaster model fetch/,
  });
});

test("a text that cannot be embedded is named by its place, never repeated", async () => {
  const machine = await machineWithMemories(3);
  await machine.run({ ...MIGRATE, cutover: "auto" });

  const asked = answerQuery(machine, { ...ask(1), texts: ["fine", "UNEMBEDDABLE secret"] });

  await assert.rejects(asked, (error: Error) => {
    assert.match(error.message, /text 2 of 2 cannot be embedded: no-tokens/);
    assert.doesNotMatch(error.message, /secret/);
    return true;
  });
});

/** A hit with the query's own text is its vector again only if query and collection are of one model. */
function assertOneModel({ collection, contract, results }: QueryAnswer, id: number): void {
  assert.equal(collection, contract.id === "old" ? "chat_4d" : "chat_8d");
  const [hit] = results?.[0] ?? [];
  assert.equal(hit?.id, String(id));
  assert.ok(Math.abs((hit?.score ?? 0) - 1) < 1e-6);
}

test("through 100 swaps and rollbacks no query fails and none meets another model's vectors", async () => {
  const machine = await machineWithMemories(20);
  await machine.run(MIGRATE);
  const random = seeded(7);
  // Calls of queries and of swaps fall between one another in an order that the seed decides.
  machine.qdrant.before = async () => {
    for (let turns = random.int(3); turns > 0; turns--) await new Promise(setImmediate);
  };
  let isOver = false;
  const answers: QueryAnswer[] = [];
  const load = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      const id = 1 + random.int(20);
      const answer = await answerQuery(machine, ask(id));
      assertOneModel(answer, id);
      answers.push(answer);
    }
  });

  const migration = (await readLock(machine.ledger, "chat_4d"))?.migration ?? "";
  const outside = { qdrant: machine.qdrant, ledger: machine.ledger, clock: { now: () => machine.now++ } };
  for (let swap = 0; swap < 100; swap++) {
    const action = swap % 2 === 0 ? "cutover" : "rollback";
    await beginPass(outside, migration, action);
    await holdWrites(outside, migration);
    await swapAliases(outside, migration, { action, override: null });
  }
  isOver = true;
  await Promise.all(load);

  assert.ok(answers.length > 100, `${answers.length} queries`);
  assert.deepEqual(new Set(answers.map(({ contract }) => contract.id)), new Set(["old", "new"]));
});

// Vectors of one size: a mistake is not an error of the server but a wrong answer.
const A = fakeContract("a", 8);
const B = fakeContract("b", 8);

async function addCollection(qdrant: FakeQdrant, name: string, contract: ModelContract): Promise<void> {
  const metadata = withMark({}, { contract, source: null, migration: null });
  await qdrant.createCollection(name, {
    vectors: { size: contract.dimensions, distance: "Cosine" },
    metadata,
  });
  for (let id = 1; id <= 5; id++)
    qdrant.put(name, String(id), {}, JSON.stringify([...fakeVector(contract, text(id))]));
}

const CHANGES = ["nothing", "to-a", "to-b", "take-over", "give-back", "make-a-anew"] as const;

async function change(qdrant: FakeQdrant, what: (typeof CHANGES)[number]): Promise<void> {
  switch (what) {
    case "to-a":
      return void qdrant.names.set("chat", "a");
    case "to-b":
      return void qdrant.names.set("chat", "b");
    // The name of collection a becomes an alias of b: what was resolved to it is hidden.
    case "take-over":
      return void qdrant.names.set("a", "b");
    case "give-back":
      return void qdrant.names.delete("a");
    case "make-a-anew": {
      const made = new FakeQdrant();
      await addCollection(made, "a", B);
      const anew = made.stored.get("a");
      if (anew !== undefined) qdrant.stored.set("a", anew);
      return;
    }
    case "nothing":
  }
}

test("whatever moves between any two requests, an answer is of one model or there is none", async () => {
  await fc.assert(
    // At most two changes, and never a name that is taken over and given back within one query: that leaves no trace,
    // and takes a cut-over and a rollback between two requests.
    fc.asyncProperty(
      fc.array(fc.nat(12), { maxLength: 2 }),
      fc.array(fc.constantFrom(...CHANGES), { minLength: 2, maxLength: 2 }),
      fc.constantFrom("chat", "a"),
      async (moments, changes, alias) => {
        fc.pre(!(changes.includes("take-over") && changes.includes("give-back")));
        const qdrant = new FakeQdrant();
        await addCollection(qdrant, "a", A);
        await addCollection(qdrant, "b", B);
        qdrant.names.set("chat", "a");
        let calls = 0;
        qdrant.before = async () => {
          const at = moments.indexOf(calls++);
          await change(qdrant, changes[at] ?? "nothing");
        };
        const outside = { qdrant, ledger: new FakeLedger(), models: fakeModels([A, B]) };

        const answer = await answerQuery(outside, { ...ask(3), alias }).catch((error: Error) => error);

        if (answer instanceof Error) assert.equal(answer.name, "TransientError");
        else {
          const [hit] = answer.results?.[0] ?? [];
          assert.equal(hit?.id, "3");
          assert.ok((hit?.score ?? 0) > 0.999_999, `${answer.contract.id} ${hit?.score}`);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("a filter that the server refuses is refused, not asked for again", async () => {
  const machine = await machineWithMemories(3);
  await machine.run({ ...MIGRATE, cutover: "auto" });
  let searches = 0;
  machine.qdrant.before = (call) => {
    if (call !== "search") return;
    searches++;
    throw new ConfigError("as Qdrant would", { fields: { status: 400 } });
  };

  await assert.rejects(answerQuery(machine, ask(1)), { message: /as Qdrant would/ });
  assert.equal(searches, 1);
});

const QUERIES: readonly (readonly [string, unknown, RegExp | null])[] = [
  ["vectors", { alias: "chat", texts: ["a"] }, null],
  ["a search", { alias: "chat", texts: ["a"], search: { limit: 3, filter: { must: [] } } }, null],
  ["a search with nothing set", { alias: "chat", texts: ["a"], search: { filter: null, limit: null } }, null],
  ["no object", "private", /must be an object/],
  ["no alias", { texts: ["a"] }, /"alias" must be/],
  ["no texts", { alias: "chat", texts: [] }, /1 to 100 texts/],
  ["too many texts", { alias: "chat", texts: Array.from({ length: 101 }, () => "private") }, /1 to 100/],
  ["an empty text", { alias: "chat", texts: ["private", " "] }, /not empty/],
  ["a typo", { alias: "chat", texts: ["private"], serach: {} }, /"serach" is no key here/],
  ["a typo within", { alias: "chat", texts: ["a"], search: { limt: 3 } }, /"limt" is no key here/],
  ["a limit of 0", { alias: "chat", texts: ["a"], search: { limit: 0 } }, /"search.limit" must be a whole/],
  ["a list as filter", { alias: "chat", texts: ["a"], search: { filter: [] } }, /"search.filter" must be/],
  ["a text as flag", { alias: "chat", texts: ["a"], search: { withPayload: "no" } }, /true or false/],
];

for (const [name, value, problem] of QUERIES)
  test(`${name} is ${problem === null ? "taken" : "refused with what must change"}`, () => {
    if (problem === null) return void assert.equal(parseQuery(value).alias, "chat");
    assert.throws(
      () => parseQuery(value),
      (error: Error) => {
        assert.ok(error instanceof ConfigError && error.fields.status === 400);
        assert.match(error.message, problem);
        assert.doesNotMatch(error.message, /private/);
        return true;
      },
    );
  });
