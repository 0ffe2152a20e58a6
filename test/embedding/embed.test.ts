import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createEmbedder, EMBED_REASONS } from "../../src/embedding/embed.ts";
import type { Session } from "../../src/embedding/session.ts";
import { TransientError } from "../../src/migration/errors.ts";
import type { ModelContract } from "../../src/migration/model.ts";

const CONTRACT: ModelContract = {
  id: "letters",
  revision: "1",
  files: {},
  dimensions: 2,
  maxTokens: 8,
  pooling: "pooled",
  normalized: false,
  queryPrefix: "?",
  passagePrefix: "",
  fingerprint: "letters",
};

/** One token a UTF-16 unit. */
const tokenize = (text: string) => {
  const ids = Int32Array.from({ length: Math.min(text.length, 8) }, (_, at) => text.charCodeAt(at));
  return { ids, lost: Math.max(0, text.length - 8) };
};

type Row = readonly number[];

/** A session whose vector is (sum of ids, number of ids); `onRow` may throw or give another vector. */
function letterSession(onRow: (row: Row) => readonly [number, number] | null = () => null) {
  const runs: Row[][] = [];
  const session: Session = {
    async run({ ids, lengths, width }) {
      const rows = Array.from(lengths, (length, row) =>
        Array.from(ids.subarray(row * width, row * width + length), Number),
      );
      runs.push(rows);
      return Float32Array.from(
        rows.flatMap((row) => onRow(row) ?? [row.reduce((sum, id) => sum + id, 0), row.length]),
      );
    },
  };
  return {
    runs,
    embedder: createEmbedder({
      contract: CONTRACT,
      padTokenId: 0,
      tokenize: async (texts) => texts.map(tokenize),
      session,
    }),
  };
}

test("outcomes stand in the order of the texts, whatever the batches", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ minLength: 1, maxLength: 12 }), { maxLength: 700 }),
      async (texts) => {
        const { embedder } = letterSession();

        const outcomes = await embedder.embed(texts, "passage");

        assert.equal(outcomes.length, texts.length);
        texts.forEach((text, index) => {
          const outcome = outcomes[index];
          const { ids, lost } = tokenize(text);
          if (ids.every((id) => id === 0)) return;
          assert.ok(outcome?.ok);
          assert.equal(
            outcome.vector[0],
            ids.reduce((sum, id) => sum + id, 0),
          );
          assert.equal(outcome.tokens, ids.length);
          assert.equal(outcome.tokensLost, lost);
        });
      },
    ),
    { numRuns: 30 },
  );
});

test("identical texts are embedded once a call", async () => {
  const { runs, embedder } = letterSession();

  const outcomes = await embedder.embed(["cat", "dog", "cat", "cat"], "passage");

  assert.equal(runs.flat().length, 2);
  assert.deepEqual(outcomes[0], outcomes[3]);
});

test("queries get their prefix, passages do not", async () => {
  const { runs, embedder } = letterSession();

  await embedder.embed(["a"], "query");
  await embedder.embed(["a"], "passage");

  assert.deepEqual(runs, [[[63, 97]], [[97]]]);
});

test("a text the model fails on is an outcome, and its neighbours have their vectors", async () => {
  const { embedder } = letterSession((row) => {
    if (row.includes("x".charCodeAt(0))) throw new Error("no x");
    return null;
  });

  const [cat, fox, dog] = await embedder.embed(["cat", "fox", "dog"], "passage");

  assert.ok(cat?.ok && dog?.ok);
  assert.deepEqual(fox, { ok: false, reason: EMBED_REASONS.modelFailed });
});

test("a vector that is not finite or all zeros is an outcome with its reason", async () => {
  const odd: Readonly<Record<number, readonly [number, number]>> = {
    1: [Number.NaN, 1],
    2: [Number.POSITIVE_INFINITY, 1],
    3: [0, 0],
  };
  const { embedder } = letterSession((row) => odd[row.length] ?? null);

  const outcomes = await embedder.embed(["a", "aa", "aaa", "aaaa"], "passage");

  assert.deepEqual(outcomes.slice(0, 3), [
    { ok: false, reason: EMBED_REASONS.notFinite },
    { ok: false, reason: EMBED_REASONS.notFinite },
    { ok: false, reason: EMBED_REASONS.zero },
  ]);
  assert.ok(outcomes[3]?.ok);
});

test("a dead thread fails the call, not the texts", async () => {
  const { embedder } = letterSession(() => {
    throw new TransientError("the thread is gone");
  });

  await assert.rejects(embedder.embed(["a"], "passage"), { name: "TransientError" });
});

test("a short call is not kept waiting by a long one", async () => {
  const { runs, embedder } = letterSession();
  const long = embedder.embed(
    Array.from({ length: 5000 }, (_, index) => `text${index}`),
    "passage",
  );

  await embedder.embed(["a"], "query");
  const runsBefore = runs.length;
  await long;

  assert.ok(runsBefore < runs.length / 2, `${runsBefore} of ${runs.length} runs came first`);
});

test("no texts, no runs", async () => {
  const { runs, embedder } = letterSession();

  assert.deepEqual(await embedder.embed([], "passage"), []);
  assert.deepEqual(runs, []);
});
