import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BREAKAGES } from "./breakages.ts";
import { type Simulated, simulate } from "./simulate.ts";

/** About half a minute; `npm run sim` runs as many as one likes. */
const SEEDS = 500;
/** Seeds that once failed, and what was found. */
const REGRESSIONS: readonly { readonly seed: number; readonly found: string }[] = JSON.parse(
  readFileSync(join(import.meta.dirname, "regressions", "seeds.json"), "utf8"),
);

function assertGood({ seed, violations, trace }: Simulated): void {
  assert.deepEqual(violations, [], `seed ${seed}; its last steps:\n${trace.join("\n")}`);
}

test(`${SEEDS} schedules of faults and live writes lose, resurrect and spoil nothing`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) assertGood(await simulate(seed));
});

for (const { seed, found } of REGRESSIONS)
  test(`seed ${seed}, which once found: ${found}`, async () => {
    assertGood(await simulate(seed));
  });

test("a seed is one schedule: run twice, it takes the same steps", async () => {
  assert.deepEqual(await simulate(11), await simulate(11));
});

const FOUND_WITHIN = 150;

for (const [name, breakage] of Object.entries(BREAKAGES))
  test(`a product with ${name} is found out`, async () => {
    for (let seed = 1; seed <= FOUND_WITHIN; seed++)
      if ((await simulate(seed, breakage)).violations.length > 0) return;
    assert.fail(`${FOUND_WITHIN} seeds found nothing`);
  });
