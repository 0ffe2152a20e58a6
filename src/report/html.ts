import type { NextAction, Report } from "../migration/report.ts";
import { facts, mark, section } from "./blocks.ts";
import { carefulPercent, count, duration, moment } from "./format.ts";
import { html, Markup } from "./markup.ts";
import { qualitySection, searchesSection, thresholdsSection } from "./searchSections.ts";
import {
  approvalsSection,
  contractsSection,
  integritySection,
  pointsSection,
  runSection,
  truncationSection,
  writersSection,
} from "./sections.ts";
import { STYLE } from "./style.ts";

// Nothing may be loaded or run, even if a fault let something foreign into the page.
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/**
 * One self-contained page: no scripts, nothing fetched, light and dark, for a phone, a desktop and paper.
 * Whatever the report holds is escaped.
 */
export function renderReport(report: Report): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="referrer" content="no-referrer">
<title>${report.verdict.outcome}: ${report.source} to ${report.target}</title>
<link rel="icon" href="data:,">
<style>${new Markup(STYLE)}</style>
</head>
<body>
<main>
${verdictSection(report)}
${report.next === null ? null : nextSection(report.next)}
${integritySection(report)}
${qualitySection(report)}
${searchesSection(report)}
${thresholdsSection(report)}
${truncationSection(report)}
${pointsSection(report)}
${runSection(report)}
${writersSection(report)}
${approvalsSection(report)}
${contractsSection(report)}
<p class="soft small">Migration <code>${report.migration}</code>, written ${moment(report.at)}${
    report.revision === null ? null : ` by Remaster ${report.revision}`
  }.</p>
</main>
</body>
</html>
`.text;
}

function verdictSection(report: Report): Markup {
  const { verdict, tally, aliases, source, target } = report;
  const names = aliases.length === 0 ? "no alias" : aliases.join(", ");
  return html`<section class="verdict ${verdict.outcome}" aria-labelledby="verdict">
<p class="eyebrow">${source} → ${target} · read through ${names} · now: ${report.phase}</p>
${bridgeLine(report)}
<h1 id="verdict">${verdict.headline}</h1>
<p>${mark(verdict.outcome)}</p>
<ul>${verdict.reasons.map((reason) => html`<li>${reason}</li>`)}</ul>
${facts([
  { name: "points", value: count(tally.total) },
  {
    name: "with a vector of the new model",
    value: carefulPercent(tally.migrated + tally.unchanged, tally.total),
  },
  { name: "failed", value: count(tally.failed) },
  {
    name: "dimensions",
    value: `${report.oldContract?.dimensions ?? "?"} → ${report.newContract.dimensions}`,
  },
  { name: "so far", value: elapsed(report) },
])}
</section>`;
}

function elapsed({ timeline, at }: Report): string {
  const first = timeline[0];
  return first === undefined ? "–" : duration((timeline.at(-1)?.at ?? at) - first.at);
}

const nextSection = ({ what, input, command }: NextAction): Markup =>
  section(
    "next",
    "What to do next",
    html`<p>${what}</p>
<p class="soft small">In a terminal</p><pre>${command}</pre>
<p class="soft small">Or as input of the workflow</p><pre>${JSON.stringify(input, null, 2)}</pre>`,
  );

function bridgeLine({ layout, keptVector, target }: Report): Markup | null {
  if (layout !== "bridge" || keptVector === null) return null;
  const kept = keptVector === "" ? "the unnamed old vector" : html`the old vector <code>${keptVector}</code>`;
  return html`<p>A bridge: ${target} keeps ${kept} beside the new one, so readers who still embed with the old model go on working after the swap. It is dropped by the last cleanup.</p>`;
}
