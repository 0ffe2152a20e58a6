import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BATCH_BYTES_MAX, batchMessages } from "../../src/queue/batch.ts";

test("requests hold every message in order, at most ten and 1 MiB each", () => {
  // Sizes around what decides: tiny, a tenth of a request, nearly a whole one, in characters of two bytes.
  const size = fc.oneof(
    fc.integer({ min: 1, max: 50 }),
    fc.integer({ min: 40_000, max: BATCH_BYTES_MAX / 2 }),
  );
  fc.assert(
    fc.property(fc.array(size, { maxLength: 30 }), (sizes) => {
      const messages = sizes.map((length, index) => String.fromCharCode(0xc0 + index).repeat(length));

      const batches = batchMessages(messages);

      assert.ok(batches.flat().every((message, index) => message === messages[index]));
      assert.equal(batches.flat().length, messages.length);
      for (const batch of batches) {
        assert.ok(batch.length >= 1 && batch.length <= 10);
        assert.ok(batch.reduce((sum, message) => sum + Buffer.byteLength(message), 0) <= BATCH_BYTES_MAX);
      }
    }),
    { numRuns: 30 },
  );
});

test("a message that no request can hold is refused before anything is sent", () => {
  assert.throws(() => batchMessages(["small", "x".repeat(BATCH_BYTES_MAX + 1)]), { name: "PermanentError" });
});
