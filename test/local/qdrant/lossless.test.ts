import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { writeFloat } from "../../../local/qdrant/float.ts";
import { parseJson, writeJson } from "../../../local/qdrant/json.ts";
import { startQdrant } from "../../../local/qdrant/server.ts";

const float32 = fc.float({ noNaN: true, noDefaultInfinity: true });

test("writes a float32 so that it is read back bit for bit", () => {
  fc.assert(
    fc.property(float32, (value) => {
      const text = writeFloat(value);

      assert.ok(Object.is(Math.fround(JSON.parse(text)), value), text);
    }),
    { numRuns: 20_000 },
  );
});

test("writes a float32 with no digit too many", () => {
  fc.assert(
    fc.property(
      float32.filter((value) => value !== 0),
      (value) => {
        const digits = writeFloat(value)
          .replace(/e.*$/, "")
          .replace(/[-.]/g, "")
          .replace(/^0+/, "")
          .replace(/0+$/, "").length;

        for (let fewer = 1; fewer < digits; fewer += 1) {
          assert.notEqual(Math.fround(Number(value.toPrecision(fewer))), value, writeFloat(value));
        }
      },
    ),
    { numRuns: 5_000 },
  );
});

// JSON as text, because no JavaScript value tells 1.0 from 1. The texts are such as the real server writes itself.
const numberText = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map(String),
  fc.constantFrom(
    "0",
    "1.0",
    "-0.0",
    "100000.0",
    "1e+300",
    "9007199254740993",
    "-9223372036854775808",
    "1e-7",
    "0.1",
  ),
  fc
    .integer({ min: -99_999, max: 99_999 })
    .map((integer) => `${integer / 8}`)
    .filter((text) => text.includes(".")),
);
const keyText = fc.oneof(
  fc.constantFrom("__proto__", "constructor", "1", "0", "", "a.b", "schlüssel 🗝"),
  fc.string(),
);
const jsonText: fc.Arbitrary<string> = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom("null", "true", "false", "[]", "{}"),
    numberText,
    fc.string({ unit: "grapheme" }).map((text) => JSON.stringify(text)),
    fc.array(tie("value"), { maxLength: 5 }).map((elements) => `[${elements.join(",")}]`),
    tie("object"),
  ),
  object: fc
    .uniqueArray(fc.tuple(keyText, tie("value")), { maxLength: 5, selector: ([key]) => key })
    .map((members) => `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(",")}}`),
})).object;

test("reads and writes a payload without changing a character", () => {
  fc.assert(
    fc.property(jsonText, (text) => {
      assert.equal(writeJson(parseJson(text)), text);
    }),
    { numRuns: 2_000 },
  );
});

test("gives a payload and an id back over the wire as they were written", async () => {
  await using server = await startQdrant({ port: 0 });
  await put(server.url, "/collections/lossless", '{"vectors":{}}');
  const idText = fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
    fc.uuid().map((id) => `"${id}"`),
  );

  await fc.assert(
    fc.asyncProperty(idText, jsonText, async (id, payload) => {
      await put(
        server.url,
        "/collections/lossless/points?wait=true",
        `{"points":[{"id":${id},"vector":{},"payload":${payload}}]}`,
      );

      const answer = await fetch(`${server.url}/collections/lossless/points/${id.replaceAll('"', "")}`);

      const expected = `{"result":{"id":${id},"payload":${payload},"vector":{}},"status":"ok"`;
      assert.ok((await answer.text()).startsWith(expected));
    }),
    { numRuns: 300 },
  );
});

const others: readonly (readonly [string, string])[] = [
  ["1e5", "100000.0"],
  ["1E2", "100.0"],
  ["-0", "-0.0"],
  ["1.50", "1.5"],
  ["18446744073709551616", "1.8446744073709552e+19"],
  ["0.1234567890123456789", "0.12345678901234568"],
];
for (const [given, kept] of others) {
  test(`keeps ${given} as ${kept}, a double, as the real server does`, () => {
    assert.equal(writeJson(parseJson(given)), kept);
  });
}

test("does not change a vector of length 1 when it is written back", async () => {
  await using server = await startQdrant({ port: 0 });
  await put(server.url, "/collections/cosine", '{"vectors":{"size":96,"distance":"Cosine"}}');
  const vectors = fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 96, maxLength: 96 });

  await fc.assert(
    fc.asyncProperty(vectors, async (vector) => {
      const first = await stored(server.url, `[${vector.map((value) => value.toString()).join(",")}]`);
      const second = await stored(server.url, first);

      assert.equal(second, first);
    }),
    { numRuns: 100 },
  );
});

async function stored(url: string, vector: string): Promise<string> {
  await put(url, "/collections/cosine/points?wait=true", `{"points":[{"id":1,"vector":${vector}}]}`);
  const text = await (await fetch(`${url}/collections/cosine/points/1`)).text();
  return text.slice(text.indexOf('"vector":') + 9, text.indexOf("]") + 1);
}

async function put(url: string, path: string, body: string): Promise<void> {
  const answer = await fetch(url + path, { method: "PUT", body });
  assert.equal(answer.status, 200, await answer.text());
}
