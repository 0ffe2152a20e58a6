import assert from "node:assert/strict";
import { test } from "node:test";
import { sliceHash } from "../../../local/qdrant/slice.ts";

// From a recording of Qdrant 1.19.0: which of these ids `slice: {total: 4, index: 1}` let through.
const ids = [
  "1",
  "2",
  "3",
  "4",
  "5",
  "6",
  ...["6", "7", "8", "9", "a", "b"].map((end) => `00000000-0000-4000-8000-00000000000${end}`),
];

test("puts ids into the slices that the real server puts them into", () => {
  const second = ids.filter((id) => sliceHash(id) % 4n === 1n);

  assert.deepEqual(second, ["2", "6", "00000000-0000-4000-8000-000000000008"]);
});

test("spreads neighbouring ids evenly over the slices", () => {
  const counts = new Array<number>(8).fill(0);
  for (let id = 0; id < 8000; id += 1) {
    const slice = Number(sliceHash(String(id)) % 8n);
    counts[slice] = (counts[slice] ?? 0) + 1;
  }

  // 1000 each, five standard deviations of a fair draw around it.
  assert.ok(
    counts.every((count) => Math.abs(count - 1000) < 150),
    counts.join(" "),
  );
});
