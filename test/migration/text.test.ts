import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { keysOf, textFields, textOf } from "../../src/migration/text.ts";

const CASES: readonly (readonly [string, string, string | readonly string[], string | null, object])[] = [
  ["a key", '{"content":"hello"}', "content", null, { text: "hello" }],
  ["a dotted path", '{"meta":{"body":"hello"}}', "meta.body", null, { text: "hello" }],
  ["a key with dots before the path", '{"a.b":"key","a":{"b":"path"}}', "a.b", null, { text: "key" }],
  [
    "a path that begins with a key with dots",
    '{"a.b":{"c":"x"},"a":{"b":{"c":"y"}}}',
    "a.b.c",
    null,
    { text: "x" },
  ],
  ["a key with dots that leads nowhere", '{"a.b":{"z":1},"a":{"b":{"c":"y"}}}', "a.b.c", null, { text: "y" }],
  ["a list of texts", '{"content":["one",null,"two"]}', "content", null, { text: "one\ntwo" }],
  ["texts of objects in a list", '{"m":[{"t":"a"},{"x":1},{"t":"b"}]}', "m.t", null, { text: "a\nb" }],
  ["several keys", '{"title":"T","body":"B"}', ["title", "body"], null, { text: "T\nB" }],
  ["several keys, one of them null", '{"title":null,"body":"B"}', ["title", "body"], null, { text: "B" }],
  ["a template", '{"title":"T","body":"B"}', ["title", "body"], "{title}: {body}", { text: "T: B" }],
  ["a template with a missing key", '{"body":"B"}', ["title", "body"], "{title}: {body}", { text: ": B" }],
  ["a template with other braces", '{"body":"B"}', "body", "{x} {body} {", { text: "{x} B {" }],
  ["a template filled with its own place", '{"a":"{b}","b":"B"}', ["a", "b"], "{a} {b}", { text: "{b} B" }],
  ["a template filled with a pattern of replace", '{"a":"$& $1"}', "a", "<{a}>", { text: "<$& $1>" }],
  ["a template whose keys are all empty", '{"a":""}', "a", "Memory: {a}", { empty: "text-is-empty" }],
  ["a missing key", '{"other":"x"}', "content", null, { empty: "no-text-key" }],
  ["no payload", "{}", "content", null, { empty: "no-text-key" }],
  ["a path through a text", '{"content":"x"}', "content.inner", null, { empty: "no-text-key" }],
  ["a key of every object", '{"a":1}', "constructor", null, { empty: "no-text-key" }],
  ["a key named __proto__", '{"__proto__":"x"}', "__proto__", null, { text: "x" }],
  ["null", '{"content":null}', "content", null, { empty: "text-is-null" }],
  ["an empty text", '{"content":""}', "content", null, { empty: "text-is-empty" }],
  ["an empty list", '{"content":[]}', "content", null, { empty: "text-is-empty" }],
  ["a blank text", '{"content":" \\n\\t\\u00a0"}', "content", null, { empty: "text-is-blank" }],
  ["a list of blanks", '{"content":[" ","\\n"]}', "content", null, { empty: "text-is-blank" }],
  ["a number", '{"content":1.0}', "content", null, { empty: "text-is-not-a-string" }],
  ["an object", '{"content":{"a":"b"}}', "content", null, { empty: "text-is-not-a-string" }],
  ["a list with a number", '{"content":["a",1]}', "content", null, { empty: "text-is-not-a-string" }],
  ["half a surrogate pair", '{"content":"a\\ud83db"}', "content", null, { text: "a\ufffdb" }],
  ["a whole surrogate pair", '{"content":"a\\ud83d\\ude00b"}', "content", null, { text: "a😀b" }],
];

for (const [name, payload, key, textTemplate, expected] of CASES) {
  test(`reads the text of ${name}`, () => {
    const textKey = typeof key === "string" ? [key] : key;

    assert.deepEqual(textOf(payload, { textKey, textTemplate }), expected);
  });
}

const FIELDS: readonly (readonly [string, string, readonly string[], object | null])[] = [
  ["a key", '{"content":"hello"}', ["content"], [{ path: ["content"], value: "hello" }]],
  ["a key with dots", '{"a.b":"x","a":{"b":"y"}}', ["a.b"], [{ path: ["a.b"], value: "x" }]],
  ["a path", '{"a":{"b.c":"y"}}', ["a.b.c"], [{ path: ["a", "b.c"], value: "y" }]],
  [
    "several keys, of which one is missing",
    '{"body":"B"}',
    ["meta.title", "body"],
    [
      { path: ["meta", "title"], value: null },
      { path: ["body"], value: "B" },
    ],
  ],
  ["null", '{"content":null}', ["content"], [{ path: ["content"], value: null }]],
  ["a list of texts", '{"content":["one","two"]}', ["content"], null],
  ["texts of objects in a list", '{"m":[{"t":"a"},{"t":"b"}]}', ["m.t"], null],
  ["half a surrogate pair", '{"content":"a\\ud83db"}', ["content"], null],
  ["a name with a quotation mark", '{"a\\"b":"x"}', ['a"b'], null],
];

for (const [name, payload, textKey, expected] of FIELDS)
  test(`says what a payload must hold for its text to stay: ${name}`, () => {
    assert.deepEqual(textFields(payload, { textKey, textTemplate: null }), expected);
  });

test("any payload has a text or a reason, and a text is never blank and always well formed", () => {
  const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("", " ", "\ud800"));
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom("a", "b", "a.b"), fc.oneof(anyText, fc.jsonValue())),
      (payload) => {
        const found = textOf(JSON.stringify(payload), { textKey: ["a.b", "a"], textTemplate: null });

        if ("text" in found) assert.ok(found.text.trim() !== "" && found.text.isWellFormed());
        else assert.match(found.empty, /^(no-text-key|text-is-)/);
      },
    ),
  );
});

test("lists payload keys as textKey names them, with their share, the most frequent first", () => {
  const payloads = ['{"a":"x","m":{"t":1}}', '{"a":"y","l":[{"k":1},{"k":2}]}', '{"a":null,"m":{}}', "{}"];

  assert.deepEqual(keysOf(payloads), [
    { key: "a", share: 0.75 },
    { key: "l.k", share: 0.25 },
    { key: "m", share: 0.25 },
    { key: "m.t", share: 0.25 },
  ]);
});

test("shows thirty keys at most, however many there are", () => {
  const payload = JSON.stringify(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, 1])));

  assert.equal(keysOf([payload]).length, 30);
});
