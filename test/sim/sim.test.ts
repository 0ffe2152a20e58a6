import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BREAKAGES } from "./breakages.ts";
import { shrink } from "./shrink.ts";
import { type Simulated, simulate } from "./simulate.ts";
import type { Breakage } from "./world.ts";

/** About half a minute; `npm run sim` runs as many as one likes. */
const SEEDS = 500;
/** Seeds that once failed, and what was found. */
const REGRESSIONS: readonly { readonly seed: number; readonly found: string }[] = JSON.parse(
  readFileSync(join(import.meta.dirname, "regressions", "seeds.json"), "utf8"),
);

async function assertGood(simulated: Simulated): Promise<void> {
  const { seed, violations } = simulated;
  if (violations.length === 0) return;
  const { run, without } = await shrink(simulated);
  assert.fail(
    `seed ${seed}: ${violations.join("; ")}. With ${run.troubles.join(", ")} alone (--without ${without.join()}): ${run.violations[0]}; its last steps:\n${run.trace.join("\n")}`,
  );
}

test(`${SEEDS} schedules of faults and live writes lose, resurrect and spoil nothing`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) await assertGood(await simulate(seed));
});

for (const { seed, found } of REGRESSIONS)
  test(`seed ${seed}, which once found: ${found}`, async () => {
    await assertGood(await simulate(seed));
  });

test("a seed is one schedule: run twice, it takes the same steps", async () => {
  assert.deepEqual(await simulate(11), await simulate(11));
});

test("a failing seed is shrunk to the kinds of trouble it needs, and fails with those alone", async () => {
  const breakage = BREAKAGES["an empty queue is done"] ?? assert.fail("no such breakage");
  const failed = await firstFailing(breakage);

  const { run, without } = await shrink(failed, breakage);

  assert.ok(run.violations.length > 0);
  assert.ok(run.troubles.length < failed.troubles.length);
  assert.deepEqual(await simulate(failed.seed, { breakage, without }), run);
  for (const one of run.troubles) {
    const less = await simulate(failed.seed, { breakage, without: [...without, one] });
    assert.deepEqual(less.violations, [], `it does not need ${one}`);
  }
});

const FOUND_WITHIN = 150;

for (const [name, breakage] of Object.entries(BREAKAGES))
  test(`a product with ${name} is found out`, async () => {
    await firstFailing(breakage);
  });

async function firstFailing(breakage: Breakage): Promise<Simulated> {
  for (let seed = 1; seed <= FOUND_WITHIN; seed++) {
    const run = await simulate(seed, { breakage });
    if (run.violations.length > 0) return run;
  }
  return assert.fail(`${FOUND_WITHIN} seeds found nothing`);
}
