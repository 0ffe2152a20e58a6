import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULTS } from "../../src/defaults.ts";
import { compareQuality } from "../../src/migration/quality.ts";
import { readReport } from "../../src/migration/readReport.ts";
import { searchesOf, withTexts } from "../../src/migration/searches.ts";
import { addTexts } from "../../src/migration/searchTexts.ts";
import { renderReport } from "../../src/report/html.ts";
import { renderSummary } from "../../src/report/text.ts";
import { machineWithMemories } from "../support/machine.ts";

const QUERIES = "queries/own.jsonl";
const MARK = "CANARY-77aa";

/** Marked memories, and marked labelled queries: what was searched and what was found are private alike. */
async function machineWithSearches() {
  const machine = await machineWithMemories(40);
  // Vectors of the old model for these texts, so that the old model is proven.
  const embedder = await machine.models.open("old");
  for (const id of machine.qdrant.points("chat_4d").keys()) {
    const content = `${MARK} memory ${id}`;
    const [made] = await embedder.embed([content], "passage");
    machine.qdrant.put("chat_4d", id, { content }, made?.ok ? JSON.stringify([...made.vector]) : "{}");
  }
  const lines = Array.from({ length: 30 }, (_, n) =>
    JSON.stringify({ id: `q${n}`, text: `${MARK} question ${n}`, relevant: { [n + 1]: 1 } }),
  );
  await machine.ledger.create(QUERIES, lines.join("\n"));
  const ended = await machine.run({
    action: "migrate",
    collection: "chat",
    sourceModel: "old",
    queries: QUERIES,
  });
  return { machine, migration: ended.outcomes[0]?.migration ?? assert.fail("no migration") };
}

test("a report names the searches that changed by ids, and holds their texts only when these were asked for", async () => {
  const { machine, migration } = await machineWithSearches();

  const silent = await readReport(machine.ledger, { now: () => 0 }, migration);
  const told = await addTexts(machine, silent);

  const searches = silent.searches ?? assert.fail("no searches");
  assert.ok(searches.length > 0 && searches.length <= DEFAULTS.quality.listedQueries);
  for (const text of [JSON.stringify(silent), renderReport(silent), renderSummary(silent)])
    assert.ok(!text.includes(MARK), text.slice(0, 200));
  const ids = searches.flatMap((search) => [...search.old, ...search.new].map(({ id }) => id));
  assert.ok(ids.every((id) => renderReport(silent).includes(`>${id}</code>`)));
  for (const search of told.searches ?? []) {
    assert.equal(search.text, `${MARK} question ${search.id.slice(1)}`);
    for (const { id, text } of [...search.old, ...search.new]) assert.equal(text, `${MARK} memory ${id}`);
  }
  assert.match(renderReport(told), /Holds texts of memories/);
  const kept = [...machine.ledger.objects].filter(([key]) => key !== QUERIES);
  assert.ok(kept.every(([key, { body }]) => !`${key} ${body}`.includes(MARK)));
});

test("a memory that is gone, or has no text any more, is named by its id", async () => {
  const { machine, migration } = await machineWithSearches();
  machine.qdrant.points("chat_8d").clear();

  const report = await addTexts(machine, await readReport(machine.ledger, { now: () => 0 }, migration));

  const answers = (report.searches ?? []).flatMap((search) => [...search.old, ...search.new]);
  assert.ok(answers.length > 0 && answers.every(({ text }) => text === null));
});

const ids = (from: number): string[] => Array.from({ length: 10 }, (_, n) => String(from + n));

test("of a long list the first answers are shown, and every relevant one with its rank", () => {
  const query = { id: "q", relevant: { 8: 1, 19: 2 }, old: ids(1), new: ids(11) };

  const [search] = searchesOf(compareQuality({ kind: "labelled", queries: [query], sameModel: false }));

  assert.deepEqual(
    search?.old.map(({ rank }) => rank),
    [1, 2, 3, 4, 5, 8],
  );
  assert.deepEqual(
    search?.new.filter(({ isRelevant }) => isRelevant).map(({ id, rank }) => [id, rank]),
    [["19", 9]],
  );
});

test("a query that is answered as before is not among those that changed", () => {
  const same = { id: "same", relevant: { 1: 1 }, old: ids(1), new: ids(1) };
  const moved = { id: "moved", relevant: { 99: 1 }, old: ids(1), new: ids(2) };

  const searches = searchesOf(compareQuality({ kind: "labelled", queries: [same, moved], sameModel: false }));

  assert.deepEqual(
    searches.map(({ id }) => id),
    ["moved"],
  );
});

const excerpts: Readonly<Record<string, readonly [string, string]>> = {
  "a short text": ["she likes tea", "she likes tea"],
  "a text of many lines": ["tea\n\n\tand  more", "tea and more"],
  "a long text": ["x".repeat(1000), `${"x".repeat(DEFAULTS.quality.excerptCharacters)}…`],
  "a long text of joined characters": [
    "👩‍👩‍👧".repeat(500),
    `${"👩‍👩‍👧".repeat(DEFAULTS.quality.excerptCharacters)}…`,
  ],
};

for (const [name, [text, expected]] of Object.entries(excerpts))
  test(`an excerpt of ${name} ends where a person would end it`, () => {
    const query = { id: "q", relevant: { 1: 1 }, old: ["1"], new: ["2"] };
    const searches = searchesOf(compareQuality({ kind: "labelled", queries: [query], sameModel: false }));

    const [search] = withTexts(searches, { query: () => text, memory: () => text });

    assert.equal(search?.text, expected);
    assert.equal(search?.old[0]?.text, expected);
  });
