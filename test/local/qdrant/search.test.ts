import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { startQdrant } from "../../../local/qdrant/server.ts";

// Small integers: every distance is exact in float32 and ties are frequent.
const vector = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 3, maxLength: 3 });

const distances: Readonly<Record<string, (a: readonly number[], b: readonly number[]) => number>> = {
  Dot: (a, b) => a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0),
  Euclid: (a, b) => Math.fround(Math.hypot(...a.map((value, at) => value - (b[at] ?? 0)))),
  Manhattan: (a, b) => a.reduce((sum, value, at) => sum + Math.abs(value - (b[at] ?? 0)), 0),
};

for (const [distance, score] of Object.entries(distances)) {
  test(`finds the scores that sorting all points by ${distance} finds, at any offset and threshold`, async () => {
    await using server = await startQdrant({ port: 0 });
    const send = async (method: string, path: string, body: unknown) => {
      const answer = await fetch(`${server.url}/collections/d${path}`, {
        method,
        body: JSON.stringify(body),
      });
      return JSON.parse(await answer.text());
    };
    const isSmallBetter = distance !== "Dot";

    await fc.assert(
      fc.asyncProperty(
        fc.array(vector, { minLength: 1, maxLength: 40 }),
        vector,
        fc.nat({ max: 5 }),
        fc.option(fc.integer({ min: -5, max: 10 }), { nil: undefined }),
        async (vectors, query, offset, threshold) => {
          await send("DELETE", "", undefined);
          await send("PUT", "", { vectors: { size: 3, distance } });
          await send("PUT", "/points", { points: vectors.map((values, id) => ({ id, vector: values })) });

          const request = { query, limit: 10, offset, score_threshold: threshold };
          const { result } = await send("POST", "/points/query", request);

          const passes = (found: number): boolean =>
            threshold === undefined || (isSmallBetter ? found < threshold : found > threshold);
          const sorted = vectors.map((values) => score(values, query)).filter(passes);
          sorted.sort((a, b) => (isSmallBetter ? a - b : b - a));
          const found = result.points.map((point: { score: number }) => Math.fround(point.score));
          assert.deepEqual(found, sorted.slice(offset, offset + 10));
        },
      ),
      { numRuns: 40 },
    );
  });
}
