import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DEFAULTS } from "../../src/defaults.ts";
import { compareQuality, overlapAt10, type RankedQuery, scoreRanking } from "../../src/migration/quality.ts";
import { barsOf } from "../../src/migration/qualityBars.ts";
import { type Random, seededRandom } from "../../src/migration/random.ts";

const RELEVANT = Object.fromEntries(Array.from({ length: 10 }, (_, rank) => [String(rank), 1]));

/** Each of ten places holds a relevant id with the given chance. */
const draw = (chance: number, random: Random): string[] =>
  Array.from({ length: 10 }, (_, rank) => (random() < chance ? String(rank) : `x${rank}`));

function queriesOf(count: number, chances: { old: number; new: number }, seed = 1): RankedQuery[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, query) => ({
    id: `q${query}`,
    relevant: RELEVANT,
    old: draw(chances.old, random),
    new: draw(chances.new, random),
  }));
}

const compare = (queries: readonly RankedQuery[], bars = {}, sameModel = false) =>
  compareQuality({ kind: "labelled", queries, sameModel, bars: barsOf(bars) });

const lineOf = (quality: ReturnType<typeof compare>, name: string) =>
  quality.lines.find((line) => line.name.startsWith(name))?.outcome;

test("nDCG, recall and reciprocal rank are those of the textbook", () => {
  // Grades 3, 2, 3, 0, 1, 2 in this order: the worked example of the article on discounted gain.
  const relevant = { a: 3, b: 2, c: 3, e: 1, f: 2 };
  const gain = 7 + 3 / Math.log2(3) + 7 / 2 + 1 / Math.log2(6) + 3 / Math.log2(7);
  const ideal = 7 + 7 / Math.log2(3) + 3 / 2 + 3 / Math.log2(5) + 1 / Math.log2(6);

  const score = scoreRanking(["a", "b", "c", "d", "e", "f"], relevant);

  assert.ok(Math.abs(score.ndcg - gain / ideal) < 1e-12);
  assert.equal(score.recall, 1);
  assert.equal(score.reciprocalRank, 1);
  assert.deepEqual(scoreRanking(["x", "b"], { b: 1, c: 1 }).reciprocalRank, 0.5);
  assert.deepEqual(scoreRanking(["x", "b"], { b: 1, c: 1 }).recall, 0.5);
});

test("ten relevant answers of twenty are full marks: there are only ten places", () => {
  const relevant = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`r${n}`, 1]));
  const ranking = Array.from({ length: 10 }, (_, n) => `r${n + 5}`);

  assert.deepEqual(scoreRanking(ranking, relevant), { ndcg: 1, recall: 1, reciprocalRank: 1 });
});

test("scores lie between 0 and 1, also when a ranking repeats an id", () => {
  const ids = fc.array(fc.constantFrom("a", "b", "c", "d", "e"), { maxLength: 20 });
  const grades = fc.dictionary(fc.constantFrom("a", "b", "c", "d", "e"), fc.integer({ min: 1, max: 4 }));
  fc.assert(
    fc.property(ids, grades, (ranking, relevant) => {
      for (const value of Object.values(scoreRanking(ranking, relevant)))
        assert.ok(value >= 0 && value <= 1 + 1e-12);
    }),
  );
});

test("moving a relevant answer up never lowers a score", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), (rank) => {
      const ranking = Array.from({ length: 10 }, (_, n) => (n === rank ? "hit" : `x${n}`));
      const higher = ranking.with(rank, ranking[rank - 1] ?? "").with(rank - 1, "hit");

      assert.ok(scoreRanking(higher, { hit: 1 }).ndcg > scoreRanking(ranking, { hit: 1 }).ndcg);
    }),
  );
});

test("a clearly better model passes", () => {
  const quality = compare(queriesOf(100, { old: 0.4, new: 0.6 }));

  assert.equal(quality.verdict, "PASS");
  assert.ok((quality.metrics[0]?.change.low ?? 0) > 0);
});

test("shuffled vectors fail", () => {
  const quality = compare(queriesOf(100, { old: 0.4, new: 0.01 }));

  assert.equal(quality.verdict, "FAIL");
});

test("a slightly worse model never passes, whatever the seed", () => {
  for (let seed = 1; seed <= 10; seed++)
    assert.notEqual(compare(queriesOf(80, { old: 0.5, new: 0.42 }, seed)).verdict, "PASS");
});

test("the same model against itself does not pass as better", () => {
  const same = queriesOf(100, { old: 0.5, new: 0.5 }).map((query) => ({ ...query, new: query.old }));

  assert.equal(compare(same, {}, true).verdict, "INCONCLUSIVE");
  assert.equal(compare(same, {}, false).verdict, "INCONCLUSIVE");
});

test("the same model does not pass by a lucky difference of ties either", () => {
  const lucky = queriesOf(100, { old: 0.4, new: 0.6 });

  assert.equal(compare(lucky, {}, true).verdict, "INCONCLUSIVE");
});

test("the same model under another name does not pass when its answers hardly differ", () => {
  // One query of a hundred gains a relevant answer: 99.9 % of all answers are the same.
  const queries = queriesOf(100, { old: 0.5, new: 0.5 }).map((query, n) => ({
    ...query,
    new: n < 10 ? query.old.with(9, "9") : query.old,
  }));

  assert.equal(compare(queries).verdict, "INCONCLUSIVE");
});

test("too few queries decide nothing, however good they look", () => {
  assert.equal(compare(queriesOf(19, { old: 0, new: 1 })).verdict, "INCONCLUSIVE");
  assert.equal(compare(queriesOf(20, { old: 0, new: 1 })).verdict, "PASS");
});

test("queries that neither model answers are no evidence, and do not count as queries", () => {
  // Known items of short messages: three of 114 lost what the old model found, and nothing else was found at all.
  const relevant = { a: 1 };
  const queries = Array.from({ length: 114 }, (_, n) => ({
    id: `q${n}`,
    relevant,
    old: n < 3 ? ["a"] : ["x"],
    new: ["y"],
  }));
  const [relevance] = compare(queries).lines;

  assert.equal(relevance?.outcome, "INCONCLUSIVE");
  assert.match(relevance?.found ?? "", /of 114 queries 3 found anything with either model, 20 are needed/);
  // The same loss where enough is found.
  assert.equal(compare(queries.map((query) => ({ ...query, old: ["a"] }))).verdict, "FAIL");
});

test("a model that agrees with the old one on nothing fails where no label decides", () => {
  // Neither finds what a label names, as with known items of short messages; sound models would still agree on some answers.
  const tens = (from: number) => Array.from({ length: 10 }, (_, rank) => `m${from + rank}`);
  const apart = (queries: number, shared: number) =>
    Array.from({ length: queries }, (_, n) => ({
      id: `q${n}`,
      relevant: { nobody: 1 },
      old: tens(0),
      new: tens(10 - shared),
    }));

  assert.equal(compare(apart(114, 1)).verdict, "FAIL");
  assert.equal(lineOf(compare(apart(114, 1)), "Answers in common"), "FAIL");
  assert.equal(compare(apart(114, 2)).verdict, "INCONCLUSIVE");
  assert.equal(lineOf(compare(apart(19, 1)), "Answers in common"), "INCONCLUSIVE");
  assert.equal(compare(apart(114, 1), { minOverlap: 0 }).verdict, "INCONCLUSIVE");
});

test("a model that is proven better need not agree with the old one", () => {
  const better = Array.from({ length: 100 }, (_, n) => ({
    id: `q${n}`,
    relevant: { a: 1 },
    old: ["x"],
    new: ["a"],
  }));

  assert.equal(compare(better).verdict, "PASS");
});

test("no queries at all are open, not good", () => {
  assert.equal(compare([]).verdict, "INCONCLUSIVE");
});

test("a bar of ten per cent is held against the whole interval", () => {
  const queries = queriesOf(300, { old: 0.5, new: 0.54 });

  assert.equal(lineOf(compare(queries, { minNdcgGain: 0 }), "Relevance"), "PASS");
  assert.equal(lineOf(compare(queries, { minNdcgGain: 0.1 }), "Relevance"), "INCONCLUSIVE");
  assert.equal(lineOf(compare(queries, { minNdcgGain: 0.3 }), "Relevance"), "FAIL");
});

test("the index and the time of a query have bars of their own", () => {
  const queries = queriesOf(100, { old: 0.4, new: 0.6 });
  const base = { kind: "labelled", queries, sameModel: false } as const;
  const slow = { old: null, new: { p50: 20, p95: 51 } };

  assert.equal(compareQuality({ ...base, annRecall: 0.94 }).verdict, "FAIL");
  assert.equal(compareQuality({ ...base, annRecall: 0.96 }).verdict, "PASS");
  // A slow machine at the gate is said, but is no fault of the model's.
  const late = compareQuality({ ...base, embedMs: slow });
  assert.equal(lineOf(late, "Embedding"), "FAIL");
  assert.equal(late.verdict, "PASS");
});

test("overlap counts the old answers that are still there", () => {
  assert.equal(overlapAt10(["a", "b", "c", "d"], ["d", "c", "x"]), 0.5);
  assert.equal(overlapAt10([], ["a"]), 1);
  assert.equal(overlapAt10(["a"], []), 0);
});

test("the queries listed are those that changed most, and no more than twenty", () => {
  const quality = compare(queriesOf(100, { old: 0.4, new: 0.6 }));
  const sizes = quality.mostChanged.map((query) => Math.abs(query.new - query.old));

  assert.equal(sizes.length, DEFAULTS.quality.listedQueries);
  assert.deepEqual(
    sizes,
    [...sizes].sort((a, b) => b - a),
  );
  const largest = Math.max(...quality.changes.map(Math.abs));
  assert.equal(sizes[0], largest);
});

test("the result is the same every time", () => {
  const queries = queriesOf(50, { old: 0.4, new: 0.6 });

  assert.deepEqual(compare(queries), compare(queries));
});
