// The report of every collection of a run: report.json for programs, report.html for people, a few lines at once.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MachineRun } from "../local/machine.ts";
import type { Ledger, Qdrant } from "../src/migration/ports.ts";
import { readReport } from "../src/migration/readReport.ts";
import type { Report } from "../src/migration/report.ts";
import { addTexts } from "../src/migration/searchTexts.ts";
import { renderReport } from "../src/report/html.ts";
import { renderSummary } from "../src/report/text.ts";

export interface ReportOptions {
  readonly folder: string;
  readonly out: NodeJS.WritableStream;
  /** Where texts of memories are read from, when the user asked for them in the report; else null. */
  readonly texts: Qdrant | null;
}

/** Writes the reports into `folder` and says in a few lines what stands in them. */
export async function writeReports(
  ledger: Ledger,
  runs: readonly MachineRun[],
  { folder, out, texts }: ReportOptions,
): Promise<void> {
  const migrations = [
    ...new Set(runs.flatMap(({ outcomes }) => outcomes.map(({ migration }) => migration))),
  ].filter((migration) => migration !== null);
  mkdirSync(folder, { recursive: true });
  for (const migration of migrations) {
    const silent = await readReport(ledger, { now: () => Date.now() }, migration);
    const report = texts === null ? silent : await tryAddTexts({ ledger, qdrant: texts, out }, silent);
    const name = migrations.length === 1 ? "report" : `report.${encodeURIComponent(report.source)}`;
    writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
    writeFileSync(join(folder, `${name}.html`), renderReport(report));
    out.write(`\n${renderSummary(report)}\n\nReport: ${join(folder, `${name}.html`)}\n`);
  }
}

/** A Qdrant that does not answer at this moment costs the texts, not the report. */
async function tryAddTexts(
  { out, ...outside }: { readonly ledger: Ledger; readonly qdrant: Qdrant } & Pick<ReportOptions, "out">,
  report: Report,
): Promise<Report> {
  try {
    return await addTexts(outside, report);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    out.write(`\nThe report names memories by their ids: their texts could not be read. ${why}\n`);
    return report;
  }
}
