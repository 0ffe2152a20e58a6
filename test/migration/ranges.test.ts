import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compareIds, isInside } from "../../src/migration/ids.ts";
import { makeRanges } from "../../src/migration/ranges.ts";
import { anyId } from "../support/ids.ts";

test("ranges tile the id space: every id falls into exactly one", () => {
  fc.assert(
    fc.property(
      fc.array(anyId, { maxLength: 60 }),
      fc.integer({ min: 1, max: 40 }),
      anyId,
      (sampled, count, id) => {
        const ranges = makeRanges(sampled, count);

        assert.ok(ranges.length >= 1 && ranges.length <= count);
        assert.equal(ranges.filter((range) => isInside(id, range)).length, 1);
      },
    ),
  );
});

test("ids are in the server's order: integers by value, then UUIDs", () => {
  const ids = ["10", "9007199254740993", "9", "00000000-0000-4000-8000-000000000001", "18446744073709551615"];

  assert.deepEqual(ids.sort(compareIds), [
    "9",
    "10",
    "9007199254740993",
    "18446744073709551615",
    "00000000-0000-4000-8000-000000000001",
  ]);
});
