import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ConfigError } from "../../src/migration/errors.ts";
import { parseQueries } from "../../src/migration/labelledQueries.ts";

const line = (value: unknown): string => JSON.stringify(value);
const good = { id: "q1", text: "where is the key", relevant: { "18446744073709551615": 2 } };

test("reads queries, blank lines, a byte order mark and Windows line ends", () => {
  const body = `\uFEFF${line(good)}\r\n\r\n${line({ ...good, id: "q2" })}\r\n`;

  assert.deepEqual(parseQueries("queries.jsonl", body), [good, { ...good, id: "q2" }]);
});

test("any well-formed query is read back as it was", () => {
  const filled = fc.string({ minLength: 1 }).filter((text) => text.trim() !== "");
  const grades = fc.dictionary(fc.nat().map(String), fc.integer({ min: 1, max: 5 }), {
    minKeys: 1,
    noNullPrototype: true,
  });
  const query = fc.record({ id: filled, text: filled, relevant: grades }, { noNullPrototype: true });
  const list = fc.uniqueArray(query, { minLength: 1, selector: ({ id }) => id });
  fc.assert(
    fc.property(list, (queries) =>
      assert.deepEqual(parseQueries("f", queries.map(line).join("\n")), queries),
    ),
  );
});

const faults: Readonly<Record<string, readonly [string, RegExp]>> = {
  "a line that is not JSON": ["{", /line 2 is not JSON/],
  "a line that is a list": ["[]", /line 2 is not a JSON object/],
  "a misspelled key": [line({ ...good, id: "q2", relevants: {} }), /line 2 has the unknown key relevants/],
  "no id": [line({ text: "t", relevant: { 1: 1 } }), /line 2 has no "id"/],
  "a blank text": [line({ ...good, id: "q2", text: " " }), /line 2 has no "text"/],
  "relevant as a list": [line({ ...good, id: "q2", relevant: ["1"] }), /line 2 has no object "relevant"/],
  "no relevant id": [line({ ...good, id: "q2", relevant: { 1: 0 } }), /line 2 names no relevant id/],
  "an id that no point has": [
    line({ ...good, id: "q2", relevant: { b17: 1 } }),
    /neither an unsigned integer nor a UUID .*: b17\./,
  ],
  "a negative grade": [line({ ...good, id: "q2", relevant: { 1: -1 } }), /gives 1 a grade/],
  "an id twice": [line(good), /line 2 repeats the id q1 of line 1/],
};

for (const [name, [faulty, expected]] of Object.entries(faults))
  test(`refuses ${name}, naming file and line`, () => {
    assert.throws(
      () => parseQueries("queries.jsonl", `${line(good)}\n${faulty}`),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, expected);
        assert.match(error.message, /queries\.jsonl/);
        assert.ok(!error.message.includes(good.text), "the text of a query stays out of the message");
        return true;
      },
    );
  });

test("names the first five faults and counts the rest", () => {
  assert.throws(() => parseQueries("f", "{\n".repeat(9)), /line 5 is not JSON; and 4 more/);
});

test("an empty file is said to be empty", () => {
  assert.throws(() => parseQueries("f", "\n\n"), /f holds no queries/);
});
