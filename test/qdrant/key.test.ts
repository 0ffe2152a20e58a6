import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { KeyUse } from "../../src/migration/ports.ts";
import { describeKey, keyProblems } from "../../src/qdrant/key.ts";

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const token = (claims: object): string => `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}.c2ln`;

const NOW = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const USE: KeyUse = { source: "src", target: "dst", now: NOW, endsAt: NOW + HOUR, for: "manage" };
const inSeconds = (ms: number): number => ms / 1000;

const SCOPED = [
  { collection: "src", access: "r" },
  { collection: "dst", access: "rw" },
];

const CASES: readonly (readonly [string, string | null, Partial<KeyUse>, readonly RegExp[]])[] = [
  ["no key", null, {}, []],
  ["a plain key", "secret-key", {}, []],
  ["a plain key with dots", "a.b.c", {}, []],
  ["a broken token", "eyJhbGciOiJIUzI1NiJ9.%%%.x", {}, []],
  ["a manage token without end", token({ access: "m" }), {}, []],
  ["a token that says nothing", token({}), {}, []],
  ["a token that ends after the run", token({ access: "m", exp: inSeconds(NOW + 2 * HOUR) }), {}, []],
  [
    "a token that ends before",
    token({ access: "m", exp: inSeconds(NOW + HOUR / 2) }),
    {},
    [/expires at 2026-01-01T00:30Z/],
  ],
  [
    "a token that has ended",
    token({ access: "m", exp: inSeconds(NOW - HOUR) }),
    {},
    [/expired at 2025-12-31/],
  ],
  ["a token without a sensible end", token({ access: "m", exp: 1e300 }), {}, []],
  ["a token that may only read", token({ access: "r" }), {}, [/may only read/]],
  ["a scoped token, to plan with", token({ access: SCOPED }), {}, [/for src, dst alone.*manage access/]],
  ["a scoped token, for points", token({ access: SCOPED }), { for: "points" }, []],
  [
    "a scoped token of other collections",
    token({ access: SCOPED }),
    { for: "points", source: "live" },
    [/does not name live/],
  ],
  [
    "a scoped token that may not write",
    token({ access: SCOPED }),
    { for: "points", source: "dst", target: "src" },
    [/may not write src/],
  ],
  [
    "a token that sees a part",
    token({ access: [{ collection: "src", access: "r", payload: { user: "me" } }, SCOPED[1]] }),
    { for: "points" },
    [/only some points of src/],
  ],
];

for (const [name, key, use, expected] of CASES) {
  test(`says what stands against ${name}`, () => {
    const problems = keyProblems(describeKey(key), { ...USE, ...use });

    assert.equal(problems.length, expected.length, problems.join("\n"));
    for (const [index, pattern] of expected.entries()) assert.match(problems[index] ?? "", pattern);
  });
}

test("any key is described without a throw, and its text is in no sentence", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 8 }), fc.jsonValue(), (text, claims) => {
      for (const key of [text, token({ access: claims, exp: claims }), `eyJ${text}.${text}.${text}`])
        for (const problem of keyProblems(describeKey(key), USE)) assert.ok(!problem.includes(key));
    }),
  );
});
