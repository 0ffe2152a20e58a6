import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DEFAULTS } from "../../src/defaults.ts";
import { makeKnownItems, placeHeldOut, toRankedQuery } from "../../src/migration/knownItems.ts";
import { scoreRanking } from "../../src/migration/quality.ts";
import { seededRandom } from "../../src/migration/random.ts";

const STORY =
  "We walked along the harbour at night. You told me about the old lighthouse keeper. Then it rained.";

const make = (texts: readonly string[], seed = 1) =>
  makeKnownItems(
    texts.map((text, n) => ({ id: String(n), text })),
    { random: seededRandom(seed) },
  );

test("the query is a part of the memory that what is searched no longer holds", () => {
  for (let seed = 1; seed < 40; seed++) {
    const [item] = make([STORY], seed);

    assert.ok(item);
    assert.ok(STORY.includes(item.query));
    assert.ok(!item.heldOut.includes(item.query));
    assert.ok(item.heldOut.length > 0);
  }
});

test("a sentence said twice is held out twice", () => {
  const text =
    "Please remember the blue door key. It is under the third flower pot outside. Please remember the blue door key.";
  for (let seed = 1; seed < 20; seed++)
    for (const { query, heldOut } of make([text], seed)) assert.ok(!heldOut.includes(query));
});

test("any text gives a query or none, never an error, and never one it still holds", () => {
  const texts = fc.array(fc.string({ unit: "grapheme", maxLength: 300 }), { maxLength: 8 });
  fc.assert(
    fc.property(texts, fc.nat(), (list, seed) => {
      for (const { query, heldOut } of make(list, seed)) {
        assert.notEqual(query.trim(), "");
        assert.notEqual(heldOut.trim(), "");
      }
    }),
  );
});

test("one sentence is cut in half when it is long enough, short and empty ones give no query", () => {
  const first = "how do i get my money back from the shop";
  const second = "when the man at the counter says he has no change";
  const [item] = make([`${first} ${second}`]);

  assert.equal(item?.heldOut, first);
  assert.equal(item?.query, second);
  assert.deepEqual(make(["how do i get my money back from the shop in town today"]), []);
  assert.deepEqual(make(["good night", "", "   ", "👩‍👩‍👧‍👦 🍿🎬"]), []);
});

test("scripts without spaces give queries too", () => {
  const [item] = make(["我们下周去京都看红叶。记得带上外婆的相机和雨伞。"]);

  assert.ok(item);
  assert.ok(!item.heldOut.includes(item.query));
});

test("a fragment has at most twelve words", () => {
  const long = `${"word ".repeat(60)}end. Another sentence with enough words in it.`;

  for (let seed = 1; seed < 20; seed++)
    for (const { query } of make([long], seed))
      assert.ok(query.split(" ").length <= DEFAULTS.knownItems.wordsMax, query);
});

test("texts that occur twice give no query: either copy would be right", () => {
  assert.deepEqual(make([STORY, STORY]), []);
});

test("no more queries than asked for, the same ones for the same seed", () => {
  const memories = Array.from({ length: 50 }, (_, n) => ({
    id: String(n),
    text: `${STORY} Number ${n} of them.`,
  }));
  const items = makeKnownItems(memories, { count: 10, random: seededRandom(3) });

  assert.equal(items.length, 10);
  assert.equal(new Set(items.map(({ id }) => id)).size, 10);
  assert.deepEqual(makeKnownItems(memories, { count: 10, random: seededRandom(3) }), items);
});

test("the held-out memory stands where its own score puts it, its stored vector nowhere", () => {
  const hits = [
    { id: "7", score: 0.95 },
    { id: "a", score: 0.9 },
    { id: "b", score: 0.5 },
    { id: "c", score: 0.4 },
  ];

  assert.deepEqual(placeHeldOut({ id: "7", score: 0.5 }, hits), ["a", "b", "7", "c"]);
  assert.deepEqual(placeHeldOut({ id: "7", score: 0.1 }, hits), ["a", "b", "c", "7"]);
});

test("a placed memory is scored by its rank", () => {
  const item = { id: "7", query: "q", heldOut: "h" };
  const ranked = toRankedQuery({ item, old: ["a", "7"], new: ["7", "a"] });

  assert.equal(scoreRanking(ranked.old, ranked.relevant).reciprocalRank, 0.5);
  assert.equal(scoreRanking(ranked.new, ranked.relevant).reciprocalRank, 1);
});
