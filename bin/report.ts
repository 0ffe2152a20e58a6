// Writes the report of every collection of a run: report.json for programs, report.html for people.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MachineRun } from "../local/machine.ts";
import type { Ledger } from "../src/migration/ports.ts";
import { readReport } from "../src/migration/readReport.ts";
import { renderReport } from "../src/report/html.ts";

export async function writeReports(
  ledger: Ledger,
  runs: readonly MachineRun[],
  folder: string,
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
  }
}
