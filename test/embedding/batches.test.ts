import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { planBatches } from "../../src/embedding/batches.ts";

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
