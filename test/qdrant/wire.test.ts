import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { elementsAt, membersAt } from "../../src/qdrant/slices.ts";
import {
  encodeId,
  encodePoint,
  encodeVector,
  parseId,
  parsePoint,
  parseScroll,
} from "../../src/qdrant/wire.ts";
import { anyId } from "../support/ids.ts";

const anyJson = fc.json({ maxDepth: 4 });
const anySpace = fc.constantFrom("", " ", "\n", "\t\r\n ");

test("cuts the same members out of an object as a parser would, with their own spelling", () => {
  const anyObject = fc.array(fc.tuple(fc.string({ unit: "binary" }), anyJson), { maxLength: 8 });
  fc.assert(
    fc.property(anyObject, anySpace, (pairs, space) => {
      const text = `{${space}${pairs.map(([key, value]) => `${JSON.stringify(key)}${space}:${space}${value}${space}`).join(`,${space}`)}}`;

      const members = membersAt(text);

      const expected = new Map(pairs);
      assert.deepEqual([...members.keys()].sort(), [...expected.keys()].sort());
      for (const [key, value] of members) assert.equal(value.trim(), expected.get(key)?.trim());
    }),
    { numRuns: 500 },
  );
});

test("cuts the same elements out of an array as a parser would", () => {
  fc.assert(
    fc.property(fc.array(anyJson, { maxLength: 8 }), anySpace, (values, space) => {
      const text = `[${space}${values.join(`${space},${space}`)}${space}]`;

      assert.deepEqual(
        elementsAt(text).map((one) => one.trim()),
        values.map((one) => one.trim()),
      );
    }),
  );
});

test("an id is the same after the wire and back", () => {
  fc.assert(fc.property(anyId, (id) => assert.equal(parseId(encodeId(id)), id)));
});

test("every spelling of a UUID that the server takes is one id", () => {
  const canonical = "550e8400-e29b-41d4-a716-446655440000";
  const spellings = [
    canonical,
    canonical.toUpperCase(),
    canonical.replaceAll("-", ""),
    `urn:uuid:${canonical}`,
    `{${canonical}}`,
    `urn:uuid:${canonical.toUpperCase()}`,
  ];

  for (const spelling of spellings) assert.equal(parseId(JSON.stringify(spelling)), canonical);
});

test("refuses what cannot be an id", () => {
  for (const json of [
    "-1",
    "1.5",
    "18446744073709551616",
    '"abc"',
    "null",
    "{}",
    '"550e-8400e29b-41d4-a716-446655440000"',
    '"{550e8400e29b41d4a716446655440000"',
  ])
    assert.throws(() => parseId(json), { name: "PermanentError" });
});

const PAYLOADS: Readonly<Record<string, string>> = {
  "a float that is whole": '{"a":1.0,"b":-0.0,"c":1e5}',
  "integers beyond 2^53": '{"id":18446744073709551615,"n":-9223372036854775808}',
  "keys that look like numbers": '{"2":"b","1":"a"}',
  "a key named __proto__": '{"__proto__":{"x":1},"constructor":null}',
  "escapes as they were written": '{"a":"\\u00e9\\ud83d\\ude00\\"}{\\\\"}',
  "nothing in many shapes": '{"a":null,"b":[],"c":{},"d":"","e":[null]}',
};

for (const [name, payload] of Object.entries(PAYLOADS)) {
  test(`a payload comes through byte for byte: ${name}`, () => {
    const answer = `{"result":{"points":[{"id":9007199254740993,"payload":${payload},"vector":{}}],"next_page_offset":9007199254740995},"status":"ok","time":0.1}`;

    const { points, next } = parseScroll(answer);
    const [point] = points;

    assert.equal(point?.payload, payload);
    assert.equal(next, "9007199254740995");
    assert.equal(
      encodePoint({ id: point?.id ?? "", payload: point?.payload ?? "", vectors: "{}" }),
      `{"id":9007199254740993,"payload":${payload},"vector":{}}`,
    );
  });
}

test("a point without payload has an empty one; vectors not asked for are null", () => {
  assert.deepEqual(parsePoint('{"id":1,"payload":null}'), { id: "1", payload: "{}", vectors: null });
});

/** Any float32 by its bits: denormals, -0, the largest. */
const anyFloat32 = fc
  .integer({ min: 0, max: 0xffffffff })
  .map((bits) => new Float32Array(Uint32Array.of(bits).buffer)[0] ?? 0)
  .filter(Number.isFinite);
const anyComponent = fc.float({ min: -1, max: 1, noNaN: true });

/** Fewest significant digits that give the float32 back, found by trying all. */
function fewestDigits(value: number): number {
  for (let digits = 1; digits < 9; digits++)
    if (Math.fround(Number(value.toPrecision(digits))) === value) return digits;
  return 9;
}

const significantDigits = (number: string): number =>
  number
    .replace(/e.*$/, "")
    .replace(/[-.]/g, "")
    .replace(/^0+|0+$/g, "").length;

test("a vector written down gives the same 32-bit floats back, with no digit too many", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(anyFloat32, anyComponent), { minLength: 1, maxLength: 20 }), (values) => {
      const vector = Float32Array.from(values);

      const text = encodeVector(vector);

      const back: readonly number[] = JSON.parse(text);
      assert.equal(back.length, vector.length);
      elementsAt(text).forEach((one, index) => {
        const value = vector[index] ?? Number.NaN;
        assert.ok(Object.is(Math.fround(back[index] ?? Number.NaN), value), one);
        assert.ok(significantDigits(one) <= fewestDigits(value), one);
      });
    }),
    { numRuns: 2000 },
  );
});

const EDGES: Readonly<Record<string, string>> = {
  "0": "0",
  "-0": "-0.0",
  "1": "1",
  "0.1": "0.1",
  "0.5": "0.5",
  "-0.25": "-0.25",
  "0.99999994": "0.99999994",
  "1e-9": "1e-9",
  "1.4e-45": "1e-45",
  "3.4028234663852886e38": "3.4028235e+38",
};

for (const [value, text] of Object.entries(EDGES)) {
  test(`writes the float32 nearest to ${value} as ${text}`, () => {
    assert.equal(encodeVector(Float32Array.of(Number(value))), `[${text}]`);
  });
}

test("a number that is not finite is never sent", () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => encodeVector(Float32Array.of(1, value)), { name: "PermanentError" });
});
