import assert from "node:assert/strict";
import { test } from "node:test";
import { openLog } from "../../src/log.ts";

test("an event is one line of JSON with its time, name and facts", () => {
  const lines: string[] = [];
  const log = openLog({ now: () => 0 }, (line) => lines.push(line));

  log("page recorded", { migration: "m-1", points: 64, failed: { reasons: ["no text\n"] } });

  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /^[^\n]+\n$/);
  assert.deepEqual(JSON.parse(lines[0] ?? ""), {
    at: "1970-01-01T00:00:00.000Z",
    event: "page recorded",
    migration: "m-1",
    points: 64,
    failed: { reasons: ["no text\n"] },
  });
});

test("an integer beyond 2^53 is written with all its digits", () => {
  const lines: string[] = [];
  const log = openLog({ now: () => 0 }, (line) => lines.push(line));
  // The official client hands out such integers under the type of a number.
  const fields: Record<string, number> = JSON.parse('{"id": 0}');
  Reflect.set(fields, "id", 9007199254740993n);

  log("page recorded", fields);

  assert.equal(JSON.parse(lines[0] ?? "").id, "9007199254740993");
});
