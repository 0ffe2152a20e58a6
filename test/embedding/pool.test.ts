import assert from "node:assert/strict";
import { test } from "node:test";
import { poolRows } from "../../src/embedding/pool.ts";

// Two texts of at most two tokens; the second has one token and one of padding.
const output = { data: Float32Array.of(3, 0, 1, 4, 0, 2, 9, 9), rows: 2, width: 2, dimensions: 2 };
const lengths = Int32Array.of(2, 1);

test("mean looks at real tokens only", () => {
  const vectors = poolRows(output, lengths, { pooling: "mean", normalized: false });

  assert.deepEqual([...vectors], [2, 2, 0, 2]);
});

test("cls takes the first token", () => {
  const vectors = poolRows(output, lengths, { pooling: "cls", normalized: false });

  assert.deepEqual([...vectors], [3, 0, 0, 2]);
});

test("pooled takes the graph's output as it is", () => {
  const pooled = { data: Float32Array.of(3, 4, 0, 5), rows: 2, width: 2, dimensions: 2 };

  const vectors = poolRows(pooled, lengths, { pooling: "pooled", normalized: false });

  assert.deepEqual([...vectors], [3, 4, 0, 5]);
});

test("normalised vectors have length 1, and zeros stay zeros", () => {
  const some = { data: Float32Array.of(3, 4, 0, 0), rows: 2, width: 2, dimensions: 2 };

  const vectors = poolRows(some, lengths, { pooling: "pooled", normalized: true });

  assert.deepEqual([...vectors], [...Float32Array.of(0.6, 0.8, 0, 0)]);
});
