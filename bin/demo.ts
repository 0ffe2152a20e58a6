import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { Command } from "commander";
import { runDemonstration } from "../demo/demonstration.ts";
import { EXIT } from "./exit.ts";
import { printRun } from "./output.ts";
import { writeReports } from "./report.ts";

export function demoCommand(): Command {
  return new Command("demo")
    .description("watch 2,000 chat memories move from 384-D to 768-D, on this machine alone")
    .option("--report <dir>", "where report.html and report.json go", "out")
    .action(async ({ report }: { readonly report: string }) => {
      const isGood = await runDemonstration({
        folder: resolve(report),
        concurrency: availableParallelism(),
        say: (line) => process.stdout.write(`${line}\n`),
        show: (verb, run) => printRun(process.stdout, verb, [run]),
        // The demonstration's memories are nobody's: its report may show them.
        report: (ledger, run, texts) =>
          writeReports(ledger, [run], { folder: report, out: process.stdout, texts }),
      });
      process.exitCode = isGood ? EXIT.done : EXIT.failed;
    });
}
