// The page's parts about search: is it better, which scores to filter by, and answers side by side.
import type { MetricChange, Quality, QueryChange } from "../migration/quality.ts";
import type { Report, SearchAnswer, SearchPair } from "../migration/report.ts";
import { figure, mark, section, table } from "./blocks.ts";
import { count, figure as digits, percent, plural, signed } from "./format.ts";
import { html, type Markup } from "./markup.ts";
import { plotChanges, plotMetrics, plotScores } from "./plots.ts";

const OLD = html`<span class="mark old">old</span>`;
const NEW = html`<span class="mark new">new</span>`;

const KINDS: Readonly<Record<Quality["kind"], string>> = {
  labelled: "Your own queries with the answers you marked as relevant.",
  "known-item":
    "No queries were given, so parts of memories were used as queries for the rest of the same memory. That shows " +
    "whether a known memory is found again; it does not show whether people's questions are answered better.",
};

export function qualitySection({ quality }: Report): Markup {
  if (quality === null)
    return section(
      "quality",
      "Is search better?",
      html`<p>Not measured. Give <code>--queries queries.jsonl</code> with questions of your own and the ids that answer them.</p>`,
    );
  return section(
    "quality",
    "Is search better?",
    html`<p>${mark(quality.verdict)} ${plural(quality.queries, "query").replace("querys", "queries")}. ${KINDS[quality.kind]}</p>`,
    table("Bars", [{ name: "Bar" }, { name: "Outcome" }, { name: "Found" }], barRows(quality)),
    html`<div class="plots">
${figure(html`Mean and 95 % interval, ${OLD} and ${NEW}; further right is better`, plotMetrics(quality.metrics))}
${figure(html`Every query: ${changeSummary(quality.changes)}`, plotChanges(quality.changes))}
</div>`,
    table("Metrics", METRIC_COLUMNS, quality.metrics.map(metricRow)),
    html`<p class="soft small">Paired bootstrap over queries, percentile intervals of 95 %, seed ${quality.seed}. A bar passes only when the whole interval lies above it.</p>`,
    latencyTable(quality),
    changedTable(quality.mostChanged),
  );
}

const barRows = ({ lines }: Quality): (string | Markup)[][] =>
  lines.map(({ name, outcome, found }) => [name, mark(outcome), found]);

function changeSummary(changes: readonly number[]): string {
  const better = changes.filter((change) => change > 0).length;
  const worse = changes.filter((change) => change < 0).length;
  return `${count(better)} better, ${count(worse)} worse, ${count(changes.length - better - worse)} as before`;
}

const METRIC_COLUMNS = [
  { name: "Metric" },
  { name: "Old", numeric: true },
  { name: "New", numeric: true },
  { name: "Change", numeric: true },
  { name: "its 95 % interval", numeric: true },
];

const metricRow = ({ name, old, new: latest, change }: MetricChange): string[] => [
  name,
  old.mean.toFixed(3),
  latest.mean.toFixed(3),
  signed(change.mean),
  `${signed(change.low)} … ${signed(change.high)}`,
];

function latencyTable({ embedMs, searchMs, annRecall, overlap }: Quality): Markup {
  const rows: string[][] = [];
  const ms = (value: number | undefined): string =>
    value === undefined ? "not known" : `${digits(value)} ms`;
  if (embedMs !== null)
    rows.push(
      ["embed a query, half are faster", ms(embedMs.old?.p50), ms(embedMs.new.p50)],
      ["embed a query, 95 of 100 are faster", ms(embedMs.old?.p95), ms(embedMs.new.p95)],
    );
  if (searchMs !== null)
    rows.push(
      ["search, half are faster", ms(searchMs.old.p50), ms(searchMs.new.p50)],
      ["search, 95 of 100 are faster", ms(searchMs.old.p95), ms(searchMs.new.p95)],
    );
  const columns = [{ name: "Latency" }, { name: "Old", numeric: true }, { name: "New", numeric: true }];
  return html`${rows.length === 0 ? null : table("Latency", columns, rows)}
<p class="small">Of the old first ten answers the new ones still hold ${percent(overlap)}.${
    annRecall === null ? null : ` The new index finds ${percent(annRecall)} of what exact search finds.`
  }</p>`;
}

function changedTable(queries: readonly QueryChange[]): Markup | null {
  if (queries.length === 0) return null;
  const ids = (list: readonly string[]): Markup => html`${list.map((id) => html`<code>${id}</code> `)}`;
  const rows = queries.map(({ id, old, new: latest, oldTop, newTop }) => [
    id,
    `${old.toFixed(2)} → ${latest.toFixed(2)}`,
    ids(oldTop),
    ids(newTop),
  ]);
  const columns = [
    { name: "Query" },
    { name: "nDCG@10", numeric: true },
    { name: "Old first three" },
    { name: "New first three" },
  ];
  return html`<details><summary>The ${count(rows.length)} queries that changed most</summary>${table("Queries that changed most", columns, rows)}</details>`;
}

export function thresholdsSection({ thresholds }: Report): Markup | null {
  if (thresholds === null) return null;
  const rows = thresholds.changes.map(({ old, oldShare, new: value, newShare }) => [
    String(old),
    percent(oldShare),
    value === null ? "no pair passes the old one" : html`<strong>${value.toFixed(4)}</strong>`,
    newShare === null ? "" : percent(newShare),
  ]);
  const columns = [
    { name: "Old score_threshold", numeric: false },
    { name: "Pairs that pass", numeric: true },
    { name: "Use instead", numeric: true },
    { name: "Pairs that pass", numeric: true },
  ];
  return section(
    "thresholds",
    "Score thresholds to change",
    html`<p>Scores of two models are not on one scale. A reader who filters by <code>score_threshold</code> needs the new value from the moment of the swap.</p>
<div class="plots">${figure(
      html`Share of ${count(thresholds.pairs)} pairs of query and memory that pass a threshold: ${OLD} dashed, ${NEW} solid; arrows show how each threshold moves`,
      plotScores(thresholds),
    )}<div>${table("Thresholds", columns, rows)}</div></div>`,
  );
}

// A memory of many pages would push the other answers out of sight. Cut between characters as people count them.
const TEXT_SHOWN = 240;
function shortened(text: string): string {
  if (text.length <= TEXT_SHOWN) return text;
  const characters = [...new Intl.Segmenter("en").segment(text.slice(0, TEXT_SHOWN + 40))];
  return `${characters
    .slice(0, TEXT_SHOWN - 1)
    .map(({ segment }) => segment)
    .join("")}…`;
}

const answers = (label: Markup, list: readonly SearchAnswer[]): Markup =>
  html`<div>${label}<ol>${list.map(
    ({ id, score, text }) =>
      html`<li>${text === null ? html`<code>${id}</code>` : shortened(text)} <span class="soft small">${score === null ? null : score.toFixed(3)}</span></li>`,
  )}</ol></div>`;

const searchPair = ({ text, why, old, new: latest }: SearchPair): Markup => html`
<blockquote>“${text}”</blockquote>${why === null ? null : html`<p class="soft small">${why}</p>`}
<div class="sides">${answers(OLD, old)}${answers(NEW, latest)}</div>`;

const hasText = (searches: readonly SearchPair[]): boolean =>
  searches.some((pair) => [...pair.old, ...pair.new].some(({ text }) => text !== null));

export function searchesSection({ searches }: Report): Markup | null {
  if (searches === null || searches.length === 0) return null;
  return section(
    "searches",
    "The same searches, before and after",
    hasText(searches)
      ? html`<p class="soft small">Holds text of memories: keep this page where the memories may be.</p>`
      : html`<p class="soft small">The searches that changed most, by the ids of what they find: this page holds no text of memories.</p>`,
    // Ids alone are looked up, not read: they do not push the rest of the page away.
    hasText(searches)
      ? searches.map(searchPair)
      : html`<details><summary>${count(searches.length)} searches by ids</summary>${searches.map(searchPair)}</details>`,
  );
}
