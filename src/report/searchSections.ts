// The page's parts about search: is it better, which scores to filter by, and answers side by side.
import type { MetricChange, Quality } from "../migration/quality.ts";
import type { Report } from "../migration/report.ts";
import type { SearchAnswer, SearchPair } from "../migration/searches.ts";
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

// Read first; the others stand behind a line to open. Ids alone are looked up, not read: they all stand there.
const OPEN_SEARCHES = 5;

const HINTS: Readonly<Record<Quality["kind"], string>> = {
  labelled: "Answers that you marked as relevant carry a ✓.",
  "known-item":
    "Each query is a part of a memory, and is named by it; the ✓ is that memory without the part.",
};

export function searchesSection({ searches, quality }: Report): Markup | null {
  if (searches === null || quality === null || searches.length === 0) return null;
  const isOpen = hasText(searches);
  const pairs = searches.map((search) => searchPair(search, quality.kind));
  const [first, rest] = isOpen ? [pairs.slice(0, OPEN_SEARCHES), pairs.slice(OPEN_SEARCHES)] : [[], pairs];
  return section(
    "searches",
    "The same searches, before and after",
    isOpen
      ? html`<p><span class="mark INCONCLUSIVE">private</span> Holds texts of memories, as they read now: keep this page where the memories may be.</p>`
      : html`<p>By the ids of what they find: this page holds no text of memories. <code>--report-texts</code> writes one that does, on your own machine.</p>`,
    html`<p class="soft small">The ${plural(searches.length, "query").replace("querys", "queries")} that changed most, by nDCG@10; the largest change first. ${HINTS[quality.kind]}</p>`,
    first,
    rest.length === 0
      ? null
      : html`<details><summary>${isOpen ? `${count(rest.length)} more` : `${count(rest.length)} searches by ids`}</summary>${rest}</details>`,
  );
}

const hasText = (searches: readonly SearchPair[]): boolean =>
  searches.some(
    ({ text, ...sides }) => text !== null || [...sides.old, ...sides.new].some((one) => one.text !== null),
  );

function searchPair({ id, text, oldNdcg, newNdcg, ...sides }: SearchPair, kind: Quality["kind"]): Markup {
  const name = html`<code>${id}</code>`;
  const part = kind === "known-item" ? "a part of " : "";
  return html`<div class="search">
<h3>${part}${text === null ? name : html`“${text}”`}</h3>
<p class="soft small">${text === null ? null : html`${name} · `}nDCG@10 ${oldNdcg.toFixed(2)} → ${newNdcg.toFixed(2)}</p>
<div class="sides">${answers(OLD, sides.old)}${answers(NEW, sides.new)}</div></div>`;
}

function answers(label: Markup, list: readonly SearchAnswer[]): Markup {
  if (list.length === 0) return html`<div>${label}<p class="soft small">no answer</p></div>`;
  return html`<div>${label}<ol>${list.map(answerLine)}</ol></div>`;
}

const answerLine = ({ id, rank, isRelevant, text }: SearchAnswer): Markup => html`
<li value="${rank}">${isRelevant ? html`<span class="mark PASS" role="img" aria-label="relevant">✓</span> ` : null}${
  text === null ? null : html`${text} `
}<code class="${text === null ? "" : "small soft"}">${id}</code></li>`;
