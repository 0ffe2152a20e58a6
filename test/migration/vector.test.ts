import assert from "node:assert/strict";
import { test } from "node:test";
import { isSound, type VectorShape } from "../../src/migration/vector.ts";

const unit: VectorShape = { name: "", dimensions: 3, isUnit: true, mayBeZero: false };
const anyLength: VectorShape = { ...unit, isUnit: false };

const CASES: Readonly<Record<string, readonly [readonly number[], VectorShape, boolean]>> = {
  "length 1 where it must be": [[0.6, 0, 0.8], unit, true],
  "length 2 where it must be 1": [[1.2, 0, 1.6], unit, false],
  "any length where the model does not normalise": [[1.2, 0, 1.6], anyLength, true],
  "nothing but zeros where the model does not normalise": [[0, 0, 0], anyLength, false],
  "nothing but zeros in whole numbers": [[0, 0, 0], { ...anyLength, mayBeZero: true }, true],
  "a number that float32 makes infinite": [[1e39, 0, 0], anyLength, false],
  "one number too few": [[0.6, 0.8], unit, false],
};

for (const [name, [numbers, shape, expected]] of Object.entries(CASES))
  test(`a vector of ${name} is ${expected ? "sound" : "not sound"}`, () => {
    assert.equal(isSound(numbers, shape), expected);
  });
