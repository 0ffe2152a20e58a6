// A failing seed with as few kinds of trouble as still make it fail: what is left is where to look.
import { type Simulated, simulate } from "./simulate.ts";
import type { Breakage } from "./world.ts";

export interface Shrunk {
  /** The run with the fewest kinds of trouble that still fails. */
  readonly run: Simulated;
  /** What was switched off; `--without` of `npm run sim` takes it. */
  readonly without: readonly string[];
}

/** Switches off one kind of trouble after the other, and leaves off each without which the seed still fails. */
export async function shrink(failed: Simulated, breakage: Breakage = {}): Promise<Shrunk> {
  let smallest: Shrunk = { run: failed, without: [] };
  for (let before = -1; before !== smallest.without.length; ) {
    before = smallest.without.length;
    for (const name of smallest.run.troubles) {
      const without = [...smallest.without, name];
      const run = await simulate(failed.seed, { breakage, without });
      if (run.violations.length > 0) smallest = { run, without };
    }
  }
  return smallest;
}
