// `npm run sim -- --from 75 --seeds 1 --without kill,late`: one seed with less trouble.
// `npm run sim -- --break "no second read"` shows how many seeds find a broken version.
// `npm run sim -- --seeds 1000 --from 1`: prints every failing seed, shrunk, with the trace of its last steps.
import { parseArgs } from "node:util";
import { BREAKAGES } from "./breakages.ts";
import { shrink } from "./shrink.ts";
import { simulate } from "./simulate.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "500" },
    from: { type: "string", default: "1" },
    break: { type: "string" },
    without: { type: "string", default: "" },
  },
});
const [from, seeds] = [Number(values.from), Number(values.seeds)];
const breakage = values.break === undefined ? undefined : BREAKAGES[values.break];
if (values.break !== undefined && breakage === undefined)
  throw new Error(`--break is one of: ${Object.keys(BREAKAGES).join("; ")}.`);
const without = values.without.split(",").filter((name) => name !== "");
let [failed, steps] = [0, 0];
for (let seed = from; seed < from + seeds; seed++) {
  const run = await simulate(seed, { ...(breakage === undefined ? {} : { breakage }), without });
  steps += run.steps;
  if (run.violations.length === 0) continue;
  failed++;
  console.log(`seed ${seed}: ${run.violations.join("\n  ")}`);
  // Of a broken version the sentence is enough.
  if (breakage !== undefined) continue;
  const shrunk = without.length > 0 ? { run, without } : await shrink(run);
  console.log(
    `with ${shrunk.run.troubles.join(", ") || "no trouble at all"} alone (--without ${shrunk.without.join()}): ${shrunk.run.violations[0]}\n${shrunk.run.trace.join("\n")}\n`,
  );
}
console.log(`${seeds} seeds from ${from}: ${failed} failed, ${steps} steps.`);
process.exitCode = failed > 0 ? 1 : 0;
