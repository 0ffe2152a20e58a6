// `npm run sim -- --seeds 1000 --from 1`: prints every failing seed with the trace of its last steps.
import { parseArgs } from "node:util";
import { simulate } from "./simulate.ts";

const { values } = parseArgs({
  options: { seeds: { type: "string", default: "500" }, from: { type: "string", default: "1" } },
});
const [from, seeds] = [Number(values.from), Number(values.seeds)];
let [failed, steps] = [0, 0];
for (let seed = from; seed < from + seeds; seed++) {
  const run = await simulate(seed);
  steps += run.steps;
  if (run.violations.length === 0) continue;
  failed++;
  console.log(`seed ${seed}: ${run.violations.join("\n  ")}\n${run.trace.join("\n")}\n`);
}
console.log(`${seeds} seeds from ${from}: ${failed} failed, ${steps} steps.`);
process.exitCode = failed > 0 ? 1 : 0;
