// `npm run sim -- --break "no second read"` shows how many seeds find a broken version.
// `npm run sim -- --seeds 1000 --from 1`: prints every failing seed with the trace of its last steps.
import { parseArgs } from "node:util";
import { BREAKAGES } from "./breakages.ts";
import { simulate } from "./simulate.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "500" },
    from: { type: "string", default: "1" },
    break: { type: "string" },
  },
});
const [from, seeds] = [Number(values.from), Number(values.seeds)];
const breakage = values.break === undefined ? undefined : BREAKAGES[values.break];
if (values.break !== undefined && breakage === undefined)
  throw new Error(`--break is one of: ${Object.keys(BREAKAGES).join("; ")}.`);
let [failed, steps] = [0, 0];
for (let seed = from; seed < from + seeds; seed++) {
  const run = await simulate(seed, breakage);
  steps += run.steps;
  if (run.violations.length === 0) continue;
  failed++;
  // Of a broken version the first sentence is enough.
  const trace = breakage === undefined ? `\n${run.trace.join("\n")}\n` : "";
  console.log(`seed ${seed}: ${run.violations.join("\n  ")}${trace}`);
}
console.log(`${seeds} seeds from ${from}: ${failed} failed, ${steps} steps.`);
process.exitCode = failed > 0 ? 1 : 0;
