// The report of every collection of a run: report.json for programs, report.html for people, a few lines at once.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MachineRun } from "../local/machine.ts";
import type { Ledger } from "../src/migration/ports.ts";
import { readReport } from "../src/migration/readReport.ts";
import { renderReport } from "../src/report/html.ts";
import { renderSummary } from "../src/report/text.ts";

/** Writes the reports into `folder` and says in a few lines what stands in them. */
export async function writeReports(
  ledger: Ledger,
  runs: readonly MachineRun[],
  { folder, out }: { readonly folder: string; readonly out: NodeJS.WritableStream },
): Promise<void> {
  const migrations = [
    ...new Set(runs.flatMap(({ outcomes }) => outcomes.map(({ migration }) => migration))),
  ].filter((migration) => migration !== null);
  mkdirSync(folder, { recursive: true });
  for (const migration of migrations) {
    const report = await readReport(ledger, { now: () => Date.now() }, migration);
    const name = migrations.length === 1 ? "report" : `report.${encodeURIComponent(report.source)}`;
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
    writeFileSync(join(folder, `${name}.html`), renderReport(report));
    out.write(`\n${renderSummary(report)}\n\nReport: ${join(folder, `${name}.html`)}\n`);
  }
}
