import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startQdrant } from "../../../local/qdrant/server.ts";
import { type Exchange, replay } from "./replay.ts";

// A part of the recordings that travels with the project (fixtures/choose.ts made it): what the rest of Remaster
// builds on is held to the real server also where the recordings are not at hand.
const path = join(import.meta.dirname, "fixtures", "exchanges.golden.json");
const lists: readonly { file: string; exchanges: readonly Exchange[] }[] = JSON.parse(
  readFileSync(path, "utf8"),
);

for (const { file, exchanges } of lists) {
  test(`answers the ${exchanges.length} chosen exchanges of ${file} as the real server did`, async () => {
    await using server = await startQdrant({ port: 0 });

    const wrong: string[] = [];
    for (const exchange of exchanges) {
      const verdict = await replay(server.url, exchange);
      if (verdict.kind === "501") wrong.push(`#${exchange.n} ${exchange.label}: 501`);
      if (verdict.kind === "differs") wrong.push(`#${exchange.n} ${exchange.label}: ${verdict.what}`);
    }

    assert.deepEqual(wrong, []);
  });
}
