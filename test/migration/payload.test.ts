import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { storedDouble } from "../../src/migration/number.ts";
import { payloadHash, samePayload } from "../../src/migration/payload.ts";

const PAIRS: readonly (readonly [string, string, string, boolean])[] = [
  ["the order of keys", '{"a":1,"b":{"c":2,"d":3}}', '{"b":{"d":3,"c":2},"a":1}', true],
  ["spaces", '{"a": [1, 2]}', '{"a":[1,2]}', true],
  ["an escape and its letter", '{"a":"\\u00e9\\/"}', '{"a":"é/"}', true],
  ["two spellings of one double", '{"a":1e5}', '{"a":100000.0}', true],
  ["an exponent with and without a plus", '{"a":1e300}', '{"a":1e+300}', true],
  ["a whole double and an integer", '{"a":1.0}', '{"a":1}', false],
  ["an exponent and an integer", '{"a":1e5}', '{"a":100000}', false],
  ["zero and minus zero", '{"a":0.0}', '{"a":-0.0}', false],
  ["neighbours beyond 2^53", '{"a":9007199254740993}', '{"a":9007199254740992}', false],
  ["neighbours at the end of u64", '{"a":18446744073709551615}', '{"a":18446744073709551614}', false],
  [
    "an integer beyond 64 bits is a double",
    '{"a":18446744073709551616}',
    '{"a":1.8446744073709552e19}',
    true,
  ],
  ["null and missing", '{"a":null}', "{}", false],
  ["empty list and empty object", '{"a":[]}', '{"a":{}}', false],
  ["the order of a list", '{"a":[1,2]}', '{"a":[2,1]}', false],
  ["lists of other lengths", '{"a":[1]}', '{"a":[1,1]}', false],
  ["a text and a number", '{"a":"1"}', '{"a":1}', false],
  ["a number and an object that looks like our own", '{"a":1.5}', '{"a":{"source":"1.5"}}', false],
  ["a key named __proto__", '{"__proto__":{"a":1}}', '{"__proto__":{"a":2}}', false],
  ["a key named __proto__ and none", '{"__proto__":{}}', "{}", false],
  ["keys that look like numbers", '{"2":"b","1":"a"}', '{"1":"a","2":"b"}', true],
  ["a letter and its decomposed form", '{"a":"\\u00e9"}', '{"a":"e\\u0301"}', false],
];

for (const [name, a, b, isSame] of PAIRS) {
  test(`${isSame ? "takes as one payload" : "tells apart"}: ${name}`, () => {
    assert.equal(samePayload(a, b), isSame);
    assert.equal(samePayload(b, a), isSame);
    assert.equal(payloadHash(a) === payloadHash(b), isSame);
  });
}

/** JSON text of any value, and the same value with every object's keys turned round. */
function spell(value: unknown, isTurned: boolean): string {
  if (Array.isArray(value)) return `[${value.map((one) => spell(one, isTurned)).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = isTurned ? Object.entries(value).reverse() : Object.entries(value);
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${spell(one, isTurned)}`).join()}}`;
}

test("any payload is the same with its keys in another order, and so is its hash", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (payload) => {
      const [a, b] = [spell(payload, false), spell(payload, true)];

      assert.ok(samePayload(a, b));
      assert.equal(payloadHash(a), payloadHash(b));
    }),
  );
});

test("two payloads are the same exactly when a parser says so", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 2 }), fc.jsonValue({ maxDepth: 2 }), (one, other) => {
      const [a, b] = [`{"a":${spell(one, false)}}`, `{"a":${spell(other, true)}}`];

      assert.equal(samePayload(a, b), isDeepStrictEqual(JSON.parse(a), JSON.parse(b)));
    }),
  );
});

test("the last bit that Qdrant's own reading moves is no difference, another value is one", () => {
  const written = "1.5777777777770001";
  const stored = storedDouble(written);

  // The library reads one bit less than the nearest double: a payload that was carried comes back so.
  assert.notEqual(stored, Number(written));
  assert.ok(samePayload(`{"at":${written}}`, `{"at":${stored}}`));
  assert.equal(samePayload(`{"at":${written}}`, '{"at":1.5777777777770011}'), false);
});

test("a carried timestamp is one payload with what Qdrant makes of it, whatever its digits", () => {
  const anyTimestamp = fc.double({ min: 1.5e9, max: 2e9, noNaN: true });
  fc.assert(
    fc.property(anyTimestamp, (timestamp) => {
      const spelled = (value: number | null) => `{"at":${Number.isInteger(value) ? `${value}.0` : value}}`;

      assert.ok(samePayload(spelled(timestamp), spelled(storedDouble(String(timestamp)))));
    }),
  );
});
