import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DEFAULTS } from "../../src/defaults.ts";
import { parseRequest } from "../../src/migration/request.ts";
import { thresholdsToTranslate, translateThresholds } from "../../src/migration/thresholds.ts";

const pairs = fc.array(
  fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: 0.4, max: 1, noNaN: true })),
  { minLength: 1, maxLength: 200 },
);

test("the new value lets at least as many pairs pass, and no more than equal scores force", () => {
  fc.assert(
    fc.property(pairs, fc.double({ min: -1, max: 1, noNaN: true }), (scores, threshold) => {
      const [oldScores, newScores] = [scores.map(([old]) => old), scores.map(([, latest]) => latest)];
      const change = translateThresholds({ oldScores, newScores, thresholds: [threshold] })?.changes[0];
      const passing = oldScores.filter((score) => score >= threshold).length;

      assert.ok(change);
      if (change.new === null) return assert.equal(passing, 0);
      const value = change.new;
      assert.ok(newScores.filter((score) => score >= value).length >= passing);
      // A step of the last digit higher, fewer pass than before.
      assert.ok(newScores.filter((score) => score >= value + 2e-4).length < passing);
    }),
  );
});

test("a scale that is only shifted shifts the thresholds", () => {
  const oldScores = Array.from({ length: 1001 }, (_, n) => n / 1000);
  const newScores = oldScores.map((score) => 0.5 + score / 2);

  const found = translateThresholds({ oldScores, newScores });

  assert.deepEqual(
    found?.changes.map(({ new: value }) => value),
    [0.65, 0.75, 0.85],
  );
  assert.deepEqual(
    found?.changes.map(({ old }) => old),
    [...DEFAULTS.scoreThresholds],
  );
});

test("a model against itself keeps its thresholds to the last digit", () => {
  const scores = Array.from({ length: 500 }, (_, n) => Math.round(10_000 * Math.sin(n) ** 2) / 10_000);

  const found = translateThresholds({ oldScores: scores, newScores: scores, thresholds: [0.5] });

  assert.equal(found?.changes[0]?.newShare, found?.changes[0]?.oldShare);
});

test("a threshold nothing passes has no counterpart", () => {
  const found = translateThresholds({ oldScores: [0.1, 0.2], newScores: [0.7, 0.8], thresholds: [0.9] });

  assert.deepEqual(found?.changes, [{ old: 0.9, oldShare: 0, new: null, newShare: null }]);
});

test("both curves fall from all to few", () => {
  const oldScores = Array.from({ length: 300 }, (_, n) => Math.sin(n));
  const found = translateThresholds({ oldScores, newScores: oldScores.map((score) => score / 4 + 0.7) });
  const curve = found?.curve ?? [];

  assert.equal(curve[0]?.old, 1);
  assert.equal(curve[0]?.new, 1);
  for (const [n, point] of curve.entries()) {
    assert.ok(point.old <= (curve[n - 1]?.old ?? 1));
    assert.ok(point.new <= (curve[n - 1]?.new ?? 1));
  }
});

test("no pairs give no thresholds, and a score that is no number is a bug", () => {
  assert.equal(translateThresholds({ oldScores: [], newScores: [] }), null);
  assert.throws(() => translateThresholds({ oldScores: [1], newScores: [Number.NaN] }), /This is a bug/);
  assert.throws(() => translateThresholds({ oldScores: [1, 2], newScores: [1] }), /This is a bug/);
});

test("thresholds the user names stand beside the usual ones, each once, in order", () => {
  assert.deepEqual(thresholdsToTranslate([0.62, 0.5, -0.1]), [-0.1, 0.3, 0.5, 0.62, 0.7]);
  assert.deepEqual(thresholdsToTranslate([]), [...DEFAULTS.scoreThresholds]);
});

test("a request names its score thresholds, and one that is no cosine is refused", () => {
  const read = (scoreThresholds: unknown) =>
    parseRequest({ collection: "memories", scoreThresholds }).scoreThresholds;

  assert.deepEqual(read([0.45, 0.62]), [0.45, 0.62]);
  assert.deepEqual(parseRequest({ collection: "memories" }).scoreThresholds, []);
  for (const wrong of [0.5, [1.2], ["0.5"], [Number.NaN], Array.from({ length: 21 }, () => 0.5)])
    assert.throws(() => read(wrong), /scoreThresholds must be a list of at most 20 numbers from -1 to 1/);
});
