// docs/schemas/request.json says the same as the code that reads the input.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Ajv } from "ajv";
import { ACTIONS, EMPTY_TEXT, LAYOUTS, parseRequest, REQUEST_KEYS } from "../../src/migration/request.ts";
import { seeded } from "../support/random.ts";

const docs = join(import.meta.dirname, "../../docs");
const schema = JSON.parse(readFileSync(join(docs, "schemas/request.json"), "utf8"));
const validate = new Ajv({ strict: false }).compile(schema);

function isParsed(input: unknown): boolean {
  try {
    parseRequest(input);
    return true;
  } catch {
    return false;
  }
}

test("the schema knows every key, and the defaults of the code", () => {
  assert.deepEqual(Object.keys(schema.properties).sort(), [...REQUEST_KEYS].sort());
  const parsed = new Map(Object.entries(parseRequest({ collection: "chat" })));
  for (const [key, { default: fallback }] of Object.entries<{ default?: unknown }>(schema.properties))
    if (fallback !== undefined) assert.deepEqual(parsed.get(key), fallback, key);
});

test("every example of docs/workflow.md fits the schema", () => {
  const page = readFileSync(join(docs, "workflow.md"), "utf8");
  const examples = [...page.matchAll(/```json\n(.*?)```/gs)].map(([, text]) => JSON.parse(text ?? ""));

  assert.ok(examples.length >= ACTIONS.length);
  for (const example of examples) assert.ok(validate(example), JSON.stringify(example));
});

// What people type, right and wrong, for any key.
const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, 1, -1, 64, 1.5, 72.5, 3600, 3601, 8760, 8761, 1e6, "", " ", "chat", "chat_*"],
  ...[
    "queries/mine.jsonl",
    "mine.jsonl",
    "manual",
    "auto",
    "MIGRATE",
    [],
    ["content"],
    ["a", ""],
    [" "],
    [1],
  ],
  ...[{}, { by: "ada", why: "fine" }, { by: "ada" }, { by: "", why: "x" }, { by: "a", why: "b", when: 1 }],
  ...[{ minNdcgGain: 0.1 }, { minNdcgGain: "0.1" }, { minLuck: 1 }],
  ...[[0.45, -1], [1.01], ["0.5"], Array.from({ length: 21 }, () => 0.5)],
  ...[...ACTIONS, ...EMPTY_TEXT, ...LAYOUTS],
];

test("the schema and the code take and refuse the same values, key by key", () => {
  for (const key of [...REQUEST_KEYS, "colection"])
    for (const value of VALUES) {
      const input = { collection: "chat", [key]: value };
      assert.equal(validate(input), isParsed(input), JSON.stringify(input));
    }
});

test("the schema and the code agree on whole inputs", () => {
  const random = seeded(1126);
  let taken = 0;
  for (let round = 0; round < 5000; round++) {
    const keys = Array.from({ length: 1 + random.int(3) }, () => random.pick(REQUEST_KEYS));
    const entries = keys.map((key) => [key, random.pick(VALUES)] as const);
    const input = Object.fromEntries(random.int(5) === 0 ? entries : [["collection", "chat"], ...entries]);
    assert.equal(validate(input), isParsed(input), JSON.stringify(input));
    taken += Number(validate(input));
  }
  assert.ok(taken > 100, `${taken} inputs were taken`);
});
