import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Terms } from "../../src/migration/difference.ts";
import { PermanentError, TransientError } from "../../src/migration/errors.ts";
import { compareSides, type ReconcileJob, reconcile } from "../../src/migration/reconcile.ts";
import { vectorNumbers } from "../../src/migration/vector.ts";
import { fakeContract, fakeEmbedder, fakeVector } from "../support/embedder.ts";
import { FakeQdrant } from "../support/qdrant.ts";

const contract = fakeContract("new");
const TERMS: Terms = {
  shape: { name: "", dimensions: 8, isUnit: true, mayBeZero: false },
  carried: [],
  textKey: ["content"],
  textTemplate: null,
  emptyText: "carry",
  mayDelete: true,
  keepsLeftOut: false,
};
const WRITES = {
  embedder: fakeEmbedder(contract),
  guard: async () => {},
  deadline: { remainingMs: () => 900_000 },
  encodeVector: (vector: Float32Array) => JSON.stringify([...vector]),
};

async function twoSides(): Promise<{ readonly qdrant: FakeQdrant; readonly job: ReconcileJob }> {
  const qdrant = new FakeQdrant();
  await qdrant.createCollection("source", { vectors: { size: 4, distance: "Cosine" } });
  await qdrant.createCollection("target", { vectors: { size: 8, distance: "Cosine" } });
  const job: ReconcileJob = {
    qdrant,
    from: { collection: "source", contract: null, vectorName: "", dimensions: 4 },
    to: { collection: "target", contract, vectorName: "", dimensions: 8 },
    terms: TERMS,
    where: { interval: { lo: null, hi: null } },
    pageSizePoints: 3,
  };
  return { qdrant, job };
}

/** The target is exactly what the source asks for. */
function assertEqualSides(qdrant: FakeQdrant): void {
  const [source, target] = [qdrant.points("source"), qdrant.points("target")];
  assert.deepEqual([...target.keys()].sort(), [...source.keys()].sort());
  for (const [id, { payload }] of source) {
    const { content } = JSON.parse(payload);
    assert.equal(target.get(id)?.payload, payload);
    const stored = vectorNumbers(target.get(id)?.vectors ?? null, "");
    if (typeof content === "string" && content.trim() !== "")
      assert.deepEqual(stored, fakeVector(contract, content));
    else assert.equal(stored, null);
  }
}

test("makes the target equal to the source and says what became of each point", async () => {
  const { qdrant, job } = await twoSides();
  for (let id = 1; id <= 7; id++) qdrant.put("source", String(id), { content: `memory ${id}` });
  qdrant.put("source", "8", { content: " " });
  qdrant.put("source", "9", { content: "UNEMBEDDABLE" });
  qdrant.put("target", "99", { content: "gone from the source" });

  const done = await reconcile(job, WRITES);

  assert.deepEqual(done.tally, { total: 9, migrated: 7, unchanged: 0, skipped: 1, failed: 1 });
  assert.deepEqual(done.failures, [{ id: "9", reason: "no-tokens", retryable: false }]);
  assert.equal(done.deleted, 1);
  qdrant.points("source").delete("9");
  assertEqualSides(qdrant);
});

test("a second time finds nothing to do and writes nothing", async () => {
  const { qdrant, job } = await twoSides();
  for (let id = 1; id <= 7; id++) qdrant.put("source", String(id), { content: `memory ${id}`, n: 1 });
  await reconcile(job, WRITES);
  qdrant.after = (call) => assert.fail(`${call} wrote`);

  const again = await reconcile(job, WRITES);

  assert.deepEqual(again.tally, { total: 7, migrated: 0, unchanged: 7, skipped: 0, failed: 0 });
});

test("a changed payload with the same text keeps its vector and is not embedded again", async () => {
  const { qdrant, job } = await twoSides();
  qdrant.put("source", "1", { content: "memory", seen: 1 });
  await reconcile(job, WRITES);
  qdrant.put("source", "1", { content: "memory", seen: 2 });

  const done = await reconcile(job, WRITES);

  assert.equal(done.embedded, 0);
  assert.equal(done.tally.migrated, 1);
  assertEqualSides(qdrant);
});

test("a write that lands between our read and our write is not lost", async () => {
  const { qdrant, job } = await twoSides();
  qdrant.put("source", "1", { content: "before" });
  qdrant.put("source", "2", { content: "will be deleted" });
  let once = true;
  qdrant.before = (call) => {
    if (call !== "upsert" || !once) return;
    once = false;
    qdrant.put("source", "1", { content: "after" });
    qdrant.points("source").delete("2");
  };

  const done = await reconcile(job, WRITES);

  assert.equal(done.rounds, 2);
  assertEqualSides(qdrant);
});

test("any interleaving of other writers ends with equal sides once they are quiet", async () => {
  const change = fc.record({
    at: fc.nat({ max: 12 }),
    id: fc.integer({ min: 1, max: 6 }).map(String),
    text: fc.option(fc.constantFrom("a", "b", "", "UNEMBEDDABLE no more"), { nil: null }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 8 }), async (changes) => {
      const { qdrant, job } = await twoSides();
      for (let id = 1; id <= 4; id++) qdrant.put("source", String(id), { content: `memory ${id}` });
      let calls = 0;
      qdrant.before = () => {
        for (const { id, text } of changes.filter(({ at }) => at === calls)) {
          if (text === null) qdrant.points("source").delete(id);
          else qdrant.put("source", id, { content: text.replace("UNEMBEDDABLE", "embeddable") });
        }
        calls++;
      };

      await reconcile(job, WRITES);
      qdrant.before = () => {};
      await reconcile(job, WRITES);

      assertEqualSides(qdrant);
    }),
    { numRuns: 300 },
  );
});

test("a source that changes on every read goes back to the queue", async () => {
  const { qdrant, job } = await twoSides();
  qdrant.put("source", "1", { content: "0" });
  let count = 0;
  qdrant.before = (call) => {
    if (call === "upsert") qdrant.put("source", "1", { content: String(++count) });
  };

  await assert.rejects(reconcile(job, WRITES), TransientError);
});

test("one point the server refuses is an outcome; its neighbours are written", async () => {
  const { qdrant, job } = await twoSides();
  for (let id = 1; id <= 5; id++) qdrant.put("source", String(id), { content: `memory ${id}` });
  const upsert = qdrant.upsert.bind(qdrant);
  qdrant.upsert = async (name, points) => {
    if (points.some(({ id }) => id === "3")) throw new PermanentError("bad", { fields: { status: 400 } });
    return upsert(name, points);
  };

  const done = await reconcile(job, WRITES);

  assert.deepEqual(done.failures, [{ id: "3", reason: "refused-400", retryable: false }]);
  assert.equal(done.tally.migrated, 4);
});

test("a refusal that is not about the points is not blamed on them", async () => {
  const { qdrant, job } = await twoSides();
  qdrant.put("source", "1", { content: "memory" });
  qdrant.upsert = async () => {
    throw new PermanentError("gone", { fields: { status: 404 } });
  };

  await assert.rejects(reconcile(job, WRITES), /gone/);
});

const FLAWS: Readonly<Record<string, (qdrant: FakeQdrant) => void>> = {
  missing: (qdrant) => qdrant.points("target").delete("2"),
  extra: (qdrant) => qdrant.put("target", "77", { content: "extra" }, "[1,0,0,0,0,0,0,0]"),
  payloadDifferent: (qdrant) => flaw(qdrant, { payload: '{"content":"memory 2 "}' }),
  "vectorWrong (zero)": (qdrant) => flaw(qdrant, { vectors: "[0,0,0,0,0,0,0,0]" }),
  "vectorWrong (short)": (qdrant) => flaw(qdrant, { vectors: "[1,0,0]" }),
  "vectorWrong (absent)": (qdrant) => flaw(qdrant, { vectors: "{}" }),
};

function flaw(qdrant: FakeQdrant, change: object): void {
  const point = qdrant.points("target").get("2");
  if (point !== undefined) qdrant.points("target").set("2", { ...point, ...change });
}

for (const [name, spoil] of Object.entries(FLAWS)) {
  test(`comparing finds one point that is ${name}, and reconciling mends it`, async () => {
    const { qdrant, job } = await twoSides();
    for (let id = 1; id <= 5; id++) qdrant.put("source", String(id), { content: `memory ${id}` });
    await reconcile(job, WRITES);
    spoil(qdrant);
    const kind = name.split(" ")[0] ?? "";

    const found: Readonly<Record<string, unknown>> = { ...(await compareSides(job)) };
    await reconcile(job, WRITES);

    assert.equal(found[kind], 1);
    assertEqualSides(qdrant);
  });
}

test("backwards after a swap with failures, what only the old side has is kept", async () => {
  const { qdrant, job } = await twoSides();
  qdrant.put("target", "1", { content: "never came over" });

  await reconcile({ ...job, terms: { ...TERMS, mayDelete: false } }, WRITES);

  assert.equal(qdrant.points("target").size, 1);
});
