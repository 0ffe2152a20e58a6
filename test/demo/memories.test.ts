import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { demoLabels, demoMemories, demoQueries } from "../../demo/memories.ts";
import { parseQueries } from "../../src/migration/labelledQueries.ts";

const folder = join(import.meta.dirname, "../../demo/data");
const contents = demoMemories().map(({ payload }): unknown => JSON.parse(payload).content);
const texts = contents.filter((content) => typeof content === "string");
const occurrences = (test: (text: string) => boolean): number => texts.filter(test).length;

test("there are 2,000 memories with ids of every kind, none twice", () => {
  const ids = demoMemories().map(({ id }) => id);

  assert.equal(ids.length, 2000);
  assert.equal(new Set(ids).size, 2000);
  assert.ok(ids.filter((id) => /^\d{1,4}$/.test(id)).length > 800);
  assert.ok(
    ids.filter((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))
      .length > 400,
  );
  const large = ids.filter((id) => /^\d+$/.test(id) && BigInt(id) > 2n ** 53n);
  assert.ok(large.length > 400);
  assert.ok(large.every((id) => BigInt(id) < 2n ** 64n && BigInt(id).toString() === id));
});

test("payloads hold what plain JSON would change", () => {
  const all = demoMemories().map(({ payload }) => payload);
  const changed = all.filter((payload) => JSON.stringify(JSON.parse(payload)) !== payload);

  assert.equal(changed.length, all.length);
  for (const spelling of [
    '"importance":1.0',
    '"distance":1e-3',
    '"tags":[]',
    '"reply_to":null',
    '"flags":{}',
    "旅行",
  ])
    assert.ok(
      all.some((payload) => payload.includes(spelling)),
      spelling,
    );
  assert.ok(all.every((payload) => /"message_id":\d{19},/.test(payload)));
});

test("some have no text, some too much, some another script, some the same", () => {
  assert.ok(contents.filter((content) => typeof content !== "string").length >= 7);
  assert.ok(occurrences((text) => text.trim() === "") >= 3);
  assert.ok(occurrences((text) => text.split(" ").length > 520) >= 3);
  for (const script of ["Han", "Arabic", "Devanagari", "Greek", "Cyrillic", "Hangul", "Hiragana"])
    assert.ok(occurrences((text) => new RegExp(`\\p{Script=${script}}`, "u").test(text)) > 0, script);
  assert.ok(occurrences((text) => text.includes("\u200d")) > 0);
  assert.ok(texts.length - new Set(texts).size > 40);
});

test("labels are queries the product reads, with relevant ids that exist and have text", () => {
  const body = demoLabels()
    .map((label) => JSON.stringify(label))
    .join("\n");
  const ids = new Set(demoMemories().map(({ id }) => id));

  const queries = parseQueries("demo", body);

  assert.ok(queries.length >= 60);
  assert.ok(queries.every(({ relevant }) => Object.keys(relevant).length >= 10));
  assert.ok(queries.every(({ relevant }) => Object.keys(relevant).every((id) => ids.has(id))));
});

test("no search of the demonstration is a memory word for word", () => {
  const known = new Set(texts);

  assert.ok(demoQueries.length >= 5);
  assert.ok(demoQueries.every(({ text }) => !known.has(text)));
});

test("the memories are the same every time and their texts name where they come from", () => {
  assert.deepEqual(demoMemories()[17], demoMemories()[17]);
  assert.match(readFileSync(join(folder, "NOTICE"), "utf8"), /CLINC150[\s\S]*BANKING77/);
  assert.ok(statSync(join(folder, "utterances.jsonl")).size < 600_000);
});
