import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { planBatches } from "../../src/embedding/batches.ts";
import { seeded } from "../support/random.ts";

const lengths = fc.array(fc.integer({ min: 1, max: 600 }), { maxLength: 300 });
const budget = fc.integer({ min: 1, max: 1024 });

test("every text is in exactly one batch, no batch is wider than its longest text", () => {
  fc.assert(
    fc.property(lengths, budget, (tokens, tokensMax) => {
      const batches = planBatches(tokens, tokensMax);

      const rows = batches.flatMap((batch) => batch.rows).sort((a, b) => a - b);
      assert.deepEqual(
        rows,
        tokens.map((_, index) => index),
      );
      for (const batch of batches)
        assert.equal(batch.width, Math.max(...batch.rows.map((row) => tokens[row] ?? 0)));
    }),
  );
});

test("a batch never exceeds the budget, but for a single text that does", () => {
  fc.assert(
    fc.property(lengths, budget, (tokens, tokensMax) => {
      for (const { rows, width } of planBatches(tokens, tokensMax))
        assert.ok(rows.length * width <= tokensMax || rows.length === 1);
    }),
  );
});

test("batches go from the longest text to the shortest", () => {
  fc.assert(
    fc.property(lengths, budget, (tokens, tokensMax) => {
      const widths = planBatches(tokens, tokensMax).map(({ width }) => width);

      assert.deepEqual(
        widths,
        widths.toSorted((a, b) => b - a),
      );
    }),
  );
});

/** Padded tokens, and the fixed cost of each run in tokens. */
const costOf = (batches: readonly { readonly rows: readonly number[]; readonly width: number }[]) =>
  batches.reduce((sum, { rows, width }) => sum + rows.length * width + 8, 0);

/** Each batch as full as the budget allows. */
function filled(tokens: readonly number[], tokensMax: number) {
  const batches: { rows: number[]; width: number }[] = [];
  for (const [row, width] of tokens.toSorted((a, b) => b - a).entries()) {
    const last = batches.at(-1);
    if (last === undefined || (last.rows.length + 1) * last.width > tokensMax)
      batches.push({ rows: [row], width });
    else last.rows.push(row);
  }
  return batches;
}

test("no division of full batches costs less", () => {
  fc.assert(
    fc.property(lengths, budget, (tokens, tokensMax) => {
      assert.ok(costOf(planBatches(tokens, tokensMax)) <= costOf(filled(tokens, tokensMax)));
    }),
  );
});

test("a page of chat texts is padded by less than 2.5 %", () => {
  const random = seeded(5);
  const pages = Array.from({ length: 20 }, () =>
    Array.from({ length: 64 }, () => (random.int(50) === 0 ? 384 : 10 + random.int(10 + random.int(120)))),
  );
  const padded = pages
    .flatMap((page) => planBatches(page, 256))
    .map(({ rows, width }) => rows.length * width);
  const tokens = pages.flat();

  const waste = sum(padded) / sum(tokens) - 1;

  assert.ok(waste < 0.025, `${(100 * waste).toFixed(1)} % padding`);
});

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
