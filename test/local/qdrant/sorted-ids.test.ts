import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SortedIds } from "../../../local/qdrant/sorted-ids.ts";
import { compareIds } from "../../../src/migration/ids.ts";

const id = fc.oneof(fc.nat({ max: 5000 }).map(String), fc.uuid());

test("lists the ids that were added and not deleted, in scroll order, from any id", () => {
  const steps = fc.array(fc.tuple(fc.boolean(), id), { maxLength: 4000, size: "max" });
  fc.assert(
    fc.property(steps, id, (changes, from) => {
      const ids = new SortedIds();
      const expected = new Set<string>();
      for (const [isAdded, changed] of changes) {
        if (isAdded) ids.add(changed);
        else ids.delete(changed);
        if (isAdded) expected.add(changed);
        else expected.delete(changed);
      }

      const sorted = [...expected].sort(compareIds);
      assert.deepEqual([...ids.from(null)], sorted);
      assert.deepEqual(
        [...ids.from(from)],
        sorted.filter((other) => compareIds(other, from) >= 0),
      );
    }),
    { numRuns: 15 },
  );
});
