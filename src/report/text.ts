import type { Report } from "../migration/report.ts";
import { count, moment } from "./format.ts";

const LINES_MAX = 40;
const LIST_MAX = 6;
// A terminal is not a place for control characters or turned text out of a collection's name.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is being replaced
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** The first few lines of a list, and how many more there are. */
function listed(lines: readonly string[]): string[] {
  if (lines.length <= LIST_MAX) return lines.map((line) => `  ${line}`);
  const shown = lines.slice(0, LIST_MAX - 1).map((line) => `  ${line}`);
  return [...shown, `  … and ${lines.length - shown.length} more in the report`];
}

const block = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ["", title, ...listed(lines)];

function integrityLines({ integrity }: Report): string[] {
  const faults = integrity.filter(({ ok }) => !ok).map(({ name, found }) => `FAIL  ${name}: ${found}`);
  if (faults.length > 0) return faults;
  return [integrity.length === 0 ? "not checked" : `all ${integrity.length} checks passed`];
}

function qualityLines({ quality }: Report): string[] {
  if (quality === null) return ["not measured; give --queries"];
  return quality.lines.map(({ name, outcome, found }) => `${outcome}  ${name}: ${found}`);
}

const thresholdLines = ({ thresholds }: Report): string[] =>
  (thresholds?.changes ?? []).map(
    ({ old, new: value }) => `${old} → ${value === null ? "no pair passes the old one" : value.toFixed(4)}`,
  );

/** The report for a terminal: plain text, at most 40 lines, no colour, verdict first and next action last. */
export function renderSummary(report: Report): string {
  const { verdict, tally, next } = report;
  const outcomes = (["migrated", "unchanged", "skipped", "failed"] as const)
    .map((name) => `${count(tally[name])} ${name}`)
    .join(", ");
  const groups = [
    ...report.failures.map((group) => ({ ...group, kind: "failed" })),
    ...report.skipped.map((group) => ({ ...group, kind: "skipped" })),
  ];
  const lines = [
    `${verdict.outcome}  ${verdict.headline}`,
    `${report.source} → ${report.target} (${report.phase}), ${moment(report.at)}`,
    `${count(tally.total)} points: ${outcomes}`,
    ...block(
      "Why",
      groups.map(({ kind, reason, count: points }) => `${kind}: ${reason}: ${count(points)}`),
    ),
    ...block("Integrity", integrityLines(report)),
    ...block("Search", qualityLines(report)),
    ...block("Score thresholds, old → new", thresholdLines(report)),
    ...(next === null ? [] : ["", `Next: ${next.what}`, `  ${next.command}`]),
  ].map((line) => line.toWellFormed().replace(CONTROLS, "\ufffd"));
  return lines.slice(0, LINES_MAX).join("\n");
}
