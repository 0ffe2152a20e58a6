import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DEFAULTS } from "../../src/defaults.ts";
import {
  addThroughputs,
  NO_THROUGHPUT,
  type Throughput,
  throughputOf,
  throughputSamples,
} from "../../src/migration/throughput.ts";

const START = Date.UTC(2026, 2, 3, 9, 0, 0);
const pages = fc.array(
  fc.record({ at: fc.integer({ min: START, max: START + 1e8 }), points: fc.integer({ min: 0, max: 64 }) }),
  { maxLength: 100 },
);
const sumOf = (all: readonly { readonly at: number; readonly points: number }[]): Throughput =>
  all.map(({ at, points }) => throughputOf(at, points)).reduce(addThroughputs, NO_THROUGHPUT);

test("records add up to the same in any order and grouping, in few buckets, with no point lost", () => {
  fc.assert(
    fc.property(pages, fc.nat(), (all, cut) => {
      const sum = sumOf(all);
      const [first, second] = [all.slice(0, cut % 100), all.slice(cut % 100)];

      assert.deepEqual(sumOf([...all].reverse()), sum);
      assert.deepEqual(addThroughputs(sumOf(second), sumOf(first)), sum);
      assert.equal(
        Object.values(sum.points).reduce((total, points) => total + points, 0),
        all.reduce((total, { points }) => total + points, 0),
      );
      assert.ok(
        (throughputSamples(sum, { from: START, to: START + 1e8 }) ?? []).length <=
          DEFAULTS.throughput.bucketsMax,
      );
    }),
  );
});

test("an even run is a flat line, its half-worked ends included", () => {
  // Ten points every tenth of a second, from the middle of a second to the middle of another.
  const all = Array.from({ length: 50 }, (_, n) => ({ at: START + 500 + 100 * n, points: 10 }));

  const samples = throughputSamples(sumOf(all), { from: START + 500, to: START + 5500 });

  assert.deepEqual(
    samples?.map(({ pointsPerSecond }) => pointsPerSecond),
    [100, 100, 100, 100, 100, 100],
  );
});

test("a second in which nothing ended is drawn as nothing", () => {
  const all = [0, 3000].map((late) => ({ at: START + late, points: 64 }));

  const samples = throughputSamples(sumOf(all), { from: START, to: START + 4000 });

  assert.deepEqual(
    samples?.map(({ pointsPerSecond }) => pointsPerSecond),
    [64, 0, 0, 64],
  );
});
