import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { drawDistinct, seededRandom } from "../../src/migration/random.ts";
import { average, estimateMean, quantile, spreadOf } from "../../src/migration/statistics.ts";

const finite = fc.double({ min: -1, max: 1, noNaN: true });

test("the interval holds the mean and lies within the values", () => {
  fc.assert(
    fc.property(fc.array(finite, { minLength: 1, maxLength: 40 }), fc.nat(), (values, seed) => {
      const { mean, low, high } = estimateMean(values, seededRandom(seed), { resamples: 200 });

      assert.ok(low <= high);
      assert.ok(low >= Math.min(...values) - 1e-12 && high <= Math.max(...values) + 1e-12);
      assert.equal(mean, average(values));
    }),
  );
});

test("the same seed gives the same interval, another seed nearly the same", () => {
  const values = Array.from({ length: 100 }, (_, n) => Math.sin(n));

  const first = estimateMean(values, seededRandom(1));

  assert.deepEqual(estimateMean(values, seededRandom(1)), first);
  assert.ok(Math.abs(estimateMean(values, seededRandom(2)).low - first.low) < 0.02);
});

test("a 95 % interval misses the truth in about one of twenty samples", () => {
  const random = seededRandom(5);
  const runs = 400;
  let misses = 0;
  for (let run = 0; run < runs; run++) {
    const sample = Array.from({ length: 60 }, () => random() - 0.5);
    const { low, high } = estimateMean(sample, random, { resamples: 400 });
    if (low > 0 || high < 0) misses += 1;
  }

  // 5 % of 400 is 20; four standard deviations of that count are 17.
  assert.ok(misses > 3 && misses < 40, `${misses} of ${runs} missed`);
});

test("the interval is as wide as theory says for a mean", () => {
  const random = seededRandom(9);
  const values = Array.from({ length: 400 }, () => random());

  const { low, high } = estimateMean(values, seededRandom(1));

  const expected = (2 * 1.96 * Math.sqrt(1 / 12)) / Math.sqrt(400);
  assert.ok(Math.abs(high - low - expected) < expected * 0.15);
});

test("quantiles interpolate between neighbours", () => {
  assert.equal(quantile([10, 20, 30], 0.5), 20);
  assert.equal(quantile([10, 20], 0.25), 12.5);
  assert.equal(quantile([7], 0.95), 7);
  assert.ok(Number.isNaN(quantile([], 0.5)));
  assert.deepEqual(spreadOf([3, 1, 2]), { p50: 2, p95: 2.9 });
});

test("numbers are sorted as numbers before quantiles are read", () => {
  assert.equal(spreadOf([100, 9, 20]).p50, 20);
});

test("nothing gives an estimate of nothing, not NaN", () => {
  assert.deepEqual(estimateMean([], seededRandom(1)), { mean: 0, low: 0, high: 0 });
});

test("drawn elements are distinct, from the list, and as many as asked for", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer()), fc.nat(50), fc.nat(), (list, count, seed) => {
      const drawn = drawDistinct(list, count, seededRandom(seed));

      assert.equal(drawn.length, Math.min(count, list.length));
      assert.equal(new Set(drawn).size, drawn.length);
      assert.ok(drawn.every((value) => list.includes(value)));
    }),
  );
});

test("random numbers are even over ten bins", () => {
  const random = seededRandom(123);
  const bins = new Array<number>(10).fill(0);
  for (let n = 0; n < 10_000; n++) {
    const bin = Math.floor(random() * 10);
    bins[bin] = (bins[bin] ?? 0) + 1;
  }

  assert.ok(
    bins.every((count) => Math.abs(count - 1000) < 120),
    String(bins),
  );
});
