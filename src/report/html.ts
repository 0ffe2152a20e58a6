// One page that needs nothing else: no network, no script, light and dark, readable on a phone, prints well.
import type { Report } from "../migration/report.ts";
import { STYLE } from "./style.ts";

/** Text made safe inside HTML: names of collections and ids come from outside. */
const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const number = (value: number, digits = 0): string =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });

const time = (ms: number): string => new Date(ms).toISOString().replace("T", " ").slice(0, 19);

type Row = readonly (string | number)[];

function table(caption: string, head: readonly string[], rows: readonly Row[]): string {
  if (rows.length === 0) return "";
  const cells = (row: Row) =>
    row
      .map((cell) =>
        typeof cell === "number" ? `<td class="number">${number(cell)}</td>` : `<td>${escaped(cell)}</td>`,
      )
      .join("");
  return `<div class="scroll"><table><caption>${escaped(caption)}</caption><thead><tr>${head
    .map((title, column) => {
      const isNumber = typeof rows[0]?.[column] === "number";
      return `<th scope="col"${isNumber ? ' class="number"' : ""}>${escaped(title)}</th>`;
    })
    .join(
      "",
    )}</tr></thead><tbody>${rows.map((row) => `<tr>${cells(row)}</tr>`).join("")}</tbody></table></div>`;
}

const section = (title: string, content: string): string =>
  content === "" ? "" : `<section><h2>${escaped(title)}</h2>${content}</section>`;

export function renderReport(report: Report): string {
  const title = `${report.source} → ${report.target}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title><style>${STYLE}</style></head><body><main>
${verdict(report)}
${section("What will happen next", next(report))}
${section("Integrity", integrity(report))}
${section("Points", points(report))}
${section("Models", models(report))}
${section("Truncation", truncation(report))}
${section("Forecast and what it took", forecast(report))}
${section("Writers and what each is promised", writers(report))}
${section("Notes", notes(report))}
${section("Timeline", timeline(report))}
</main></body></html>
`;
}

const HEADLINES = {
  green: "Every check passed",
  red: "Not every check passed",
  undecided: "Not decided yet",
} as const;

function verdict(report: Report): string {
  const { verdict: found, source, target, readersUse, pointsTo, tally, phase } = report;
  return `<header class="${found}"><p class="kicker">Remaster · ${escaped(report.migration)}</p>
<h1>${HEADLINES[found]}</h1>
<p class="lead">${number(tally.total)} memories of <b>${escaped(source)}</b> in <b>${escaped(target)}</b>: ${number(tally.migrated)} migrated, ${number(tally.unchanged)} unchanged, ${number(tally.skipped)} carried without text, ${number(tally.failed)} failed.</p>
<p>Readers use ${readersUse.map((name) => `<code>${escaped(name)}</code>`).join(", ")}, which answers with <b>${escaped(pointsTo)}</b>. Phase: ${escaped(phase)}.</p></header>`;
}

function next({ nextAction, error }: Report): string {
  const failed =
    error === null ? "" : `<p class="bad">The last run ended with: ${escaped(error.message)}</p>`;
  if (nextAction === null) return failed;
  return `${failed}<p>On this machine:</p><pre>npx remaster ${escaped(nextAction.action ?? "")} --collection ${escaped(nextAction.collection ?? "")}</pre><p>In the AWS console, as the input of the state machine:</p><pre>${escaped(JSON.stringify(nextAction))}</pre>`;
}

function integrity({ gate }: Report): string {
  if (gate === null) return "<p>No gate was decided.</p>";
  const rows = gate.checks.map(
    ({ name, ok, found }) =>
      `<li class="${ok ? "ok" : "bad"}"><b>${ok ? "passed" : "failed"}: ${escaped(name)}.</b> ${escaped(found)}</li>`,
  );
  return `<ul class="checks">${rows.join("")}</ul>`;
}

function points(report: Report): string {
  const { total, migrated, unchanged, skipped, failed } = report.tally;
  const parts = [
    ["migrated", migrated],
    ["unchanged", unchanged],
    ["carried without text", skipped],
    ["failed", failed],
  ] as const;
  const counts = parts.map(([name, count]) => [
    name,
    count,
    total === 0 ? "" : `${((count / total) * 100).toFixed(1)} %`,
  ]);
  const reasons = (of: Readonly<Record<string, number>>) =>
    Object.entries(of).map(([reason, count]) => [reason, count]);
  return [
    table("Outcomes", ["outcome", "points", "share"], counts),
    table("Failed, by reason", ["reason", "points"], reasons(report.failuresByReason)),
    table(
      "Failed points",
      ["id", "reason"],
      report.failures.slice(0, LISTED).map(({ id, reason }) => [id, reason]),
    ),
    table("Carried without text, by reason", ["reason", "points"], reasons(report.skippedByReason)),
    listed(
      "Ids of points carried without text",
      report.skipped.map(({ id }) => id),
    ),
  ].join("");
}

const LISTED = 50;

function listed(title: string, ids: readonly string[]): string {
  if (ids.length === 0) return "";
  const more = ids.length > LISTED ? ` and ${number(ids.length - LISTED)} more in report.json` : "";
  return `<details><summary>${escaped(title)}</summary><p class="ids">${ids.slice(0, LISTED).map(escaped).join(", ")}${more}</p></details>`;
}

function models({ oldModel, newModel, sourceProof, assessment }: Report): string {
  const row = (name: string, model: Report["newModel"]) => [
    name,
    model.id,
    model.dimensions,
    model.maxTokens,
    model.pooling,
    model.fingerprint.slice(0, 12),
  ];
  const rows = [...(oldModel === null ? [] : [row("old", oldModel)]), row("new", newModel)];
  const speed =
    assessment === null || assessment.compared === 0
      ? ""
      : `<p>One query: ${number(assessment.queryEmbedMsP95)} ms to embed and ${number(assessment.searchMsP95)} ms to search (95th percentile of ${assessment.compared}, on the machine that ran the gate).</p>`;
  return `${table("Models", ["", "model", "dimensions", "max tokens", "pooling", "fingerprint"], rows)}<p>${escaped(sourceProof.says)}</p>${speed}`;
}

function truncation({ truncated, tally }: Report): string {
  if (truncated.texts === 0) return `<p>No text was longer than ${number(truncated.maxTokens)} tokens.</p>`;
  return `<p>${number(truncated.texts)} of ${number(tally.total)} texts were longer than the new model's ${number(truncated.maxTokens)} tokens; ${number(truncated.tokensLost)} tokens beyond that were not seen by it.</p>`;
}

function forecast({ forecast: planned, actual }: Report): string {
  const took = actual.seconds === null ? "not run" : `${number(actual.seconds, 1)} s`;
  const rows: Row[] = [
    ["time", `${number(planned.seconds.low, 1)} to ${number(planned.seconds.high, 1)} s`, took],
    ["tokens", number(planned.tokens), number(actual.tokens)],
    ["texts embedded", number(planned.texts), number(actual.embedded)],
    ["on AWS", `$${planned.dollars.low.toFixed(4)} to $${planned.dollars.high.toFixed(4)}`, ""],
    [
      "Qdrant, until cleanup",
      `${number(planned.extraMemoryMiB)} MiB memory, ${number(planned.extraDiskMiB)} MiB disk`,
      "",
    ],
  ];
  return table("Forecast against actual", ["", "forecast", "actual"], rows);
}

const writers = ({ guarantees }: Report): string =>
  table(
    "Guarantees",
    ["who writes", "what holds"],
    guarantees.map(({ writer, guarantee }) => [writer, guarantee]),
  );

function notes({ warnings, cannotCarry, serverVersion, swaps }: Report): string {
  const approvals = swaps.flatMap(({ override, at }) =>
    override === null ? [] : [`${time(at)}: ${override.by} overrode the gate: ${override.why}`],
  );
  const all = [
    ...warnings,
    ...cannotCarry.map((what) => `Not carried over: ${what}.`),
    ...approvals,
    `Qdrant ${serverVersion}.`,
  ];
  return `<ul>${all.map((one) => `<li>${escaped(one)}</li>`).join("")}</ul>`;
}

const timeline = ({ timeline: entries }: Report): string =>
  table(
    "UTC",
    ["phase", "since"],
    entries.map(({ phase, at }) => [phase, time(at)]),
  );
