// The page's parts about points, time, money and people. Each gives null when the run has nothing to say.
import type { PointGroup, Report } from "../migration/report.ts";
import { facts, figure, idList, mark, section, table } from "./blocks.ts";
import { carefulPercent, count, duration, measured, measuredRange, moment, plural } from "./format.ts";
import { html, type Markup } from "./markup.ts";
import { plotThroughput } from "./plots.ts";

export function integritySection({ integrity }: Report): Markup {
  if (integrity.length === 0)
    return section("integrity", "Integrity", html`<p>Not checked yet. <code>verify</code> does it.</p>`);
  const rows = [...integrity]
    .sort((a, b) => Number(a.ok) - Number(b.ok))
    .map(({ name, ok, found }) => [name, mark(ok ? "PASS" : "FAIL"), found]);
  return section(
    "integrity",
    "Integrity",
    html`<p class="soft">Over every point, ids and contents, not counts alone.</p>`,
    table("Integrity checks", [{ name: "Check" }, { name: "Outcome" }, { name: "Found" }], rows),
  );
}

const groupRows = (groups: readonly PointGroup[]): (string | Markup)[][] =>
  groups.map(({ reason, count: points, ids, retryable }) => [
    html`${reason}${retryable === undefined ? null : html` <span class="soft small">${retryable ? "may pass when repeated" : "will fail again"}</span>`}`,
    count(points),
    idList(ids, points),
  ]);

const GROUP_COLUMNS = [{ name: "Reason" }, { name: "Points", numeric: true }, { name: "Ids" }];

export function pointsSection({ tally, failures, skipped }: Report): Markup {
  const outcomes = (["migrated", "unchanged", "skipped", "failed"] as const).map((name) => ({
    name,
    value: count(tally[name]),
  }));
  return section(
    "points",
    "Points",
    facts([{ name: "total", value: count(tally.total) }, ...outcomes]),
    failures.length === 0
      ? null
      : html`<h3>Failed</h3>${table("Failed points by reason", GROUP_COLUMNS, groupRows(failures))}`,
    skipped.length === 0
      ? null
      : html`<h3>Skipped: carried over without a new vector</h3>${table("Skipped points by reason", GROUP_COLUMNS, groupRows(skipped))}`,
  );
}

export function truncationSection({ truncation, oldContract, newContract }: Report): Markup | null {
  if (truncation === null) return null;
  const { texts, newOver, newTokensLost, sample } = truncation;
  const share = (over: number, of: number): string => `${count(over)} (${carefulPercent(over, of)})`;
  const oldLimit = oldContract === null ? "not known" : count(oldContract.maxTokens);
  const newLimit = count(newContract.maxTokens);
  const sampled =
    sample === null
      ? [["old", oldLimit, "", "not known", "not known"]]
      : [
          [
            "old",
            oldLimit,
            sampleOf(sample.texts),
            share(sample.old.over, sample.texts),
            count(sample.old.tokensLost),
          ],
          [
            "new",
            newLimit,
            sampleOf(sample.texts),
            share(sample.new.over, sample.texts),
            count(sample.new.tokensLost),
          ],
        ];
  const all = ["new", newLimit, `all ${count(texts)}`, share(newOver, texts), count(newTokensLost)];
  return section(
    "truncation",
    "Texts too long for the model",
    html`<p>A model reads a text up to its limit; what stands behind it cannot be found by meaning.${
      sample !== null && sample.old.over > sample.new.over
        ? ` Of a sample of ${plural(sample.texts, "text")}, the old model cut ${count(sample.old.over)}, the new one ${count(sample.new.over)}.`
        : null
    }</p>`,
    table(
      "Truncation by model",
      [
        { name: "Model" },
        { name: "Limit in tokens", numeric: true },
        { name: "Texts", numeric: true },
        { name: "Too long", numeric: true },
        { name: "Tokens never seen", numeric: true },
      ],
      [...sampled, all],
    ),
  );
}

const sampleOf = (texts: number): string => `a sample of ${count(texts)}`;

export function runSection(report: Report): Markup | null {
  const { throughput, forecast, cost, timeline } = report;
  if (throughput === null && forecast === null && cost === null && timeline.length === 0) return null;
  return section(
    "run",
    "The run",
    html`<div class="plots">
${throughputFigure(report)}
<div>${timelineTable(report)}</div></div>`,
    forecastTable(report),
    costTable(report),
  );
}

function throughputFigure({ throughput, timeline }: Report): Markup | null {
  const first = throughput?.[0];
  if (throughput === null || first === undefined) return null;
  const startedAt = Math.min(first.at, timeline[0]?.at ?? first.at);
  return figure("Points embedded and written a second", plotThroughput(throughput, startedAt));
}

function timelineTable({ timeline }: Report): Markup | null {
  if (timeline.length === 0) return null;
  const rows = timeline.map(({ phase, at }, n) => {
    const next = timeline[n + 1];
    return [phase, moment(at), next === undefined ? "" : duration(next.at - at)];
  });
  return html`<h3>Timeline</h3>${table("Timeline", [{ name: "Phase" }, { name: "Began" }, { name: "Took", numeric: true }], rows)}`;
}

function forecastTable({ forecast }: Report): Markup | null {
  if (forecast === null || forecast.length === 0) return null;
  const rows = forecast.map(({ name, unit, forecast: { low, high }, actual }) => [
    name,
    measuredRange(low, high, unit),
    actual === null ? "not known yet" : measured(actual, unit),
    actual === null ? "" : gradeOf(actual, low, high),
  ]);
  const columns = [
    { name: "Of" },
    { name: "Forecast" },
    { name: "Actual", numeric: true },
    { name: "Grade" },
  ];
  return html`<h3>The forecast, graded</h3>
<p class="soft small">Memory and disk are the server's own rule for what really came over: it does not say what one collection takes.</p>
${table("Forecast against actual", columns, rows)}`;
}

function gradeOf(actual: number, low: number, high: number): string {
  if (actual > high) return "too low";
  return actual < low ? "too high" : "right";
}

function costTable({ cost }: Report): Markup | null {
  if (cost === null) return null;
  const sum = cost.reduce((total, { usd }) => total + usd, 0);
  const rows = [...cost, { name: "in all", usd: sum }].map(({ name, usd }) => [name, measured(usd, "USD")]);
  return html`<h3>Cost</h3>${table("Cost", [{ name: "Of" }, { name: "US dollars", numeric: true }], rows)}`;
}

export function writersSection({ guarantees }: Report): Markup | null {
  if (guarantees.length === 0) return null;
  const rows = guarantees.map(({ writer, guarantee }) => [html`<code>${writer}</code>`, guarantee]);
  return section(
    "writers",
    "What is promised to writers",
    table("Guarantees", [{ name: "Writer" }, { name: "Guarantee" }], rows),
  );
}

export function approvalsSection({ approvals }: Report): Markup | null {
  if (approvals.length === 0) return null;
  const rows = approvals.map(({ by, action, at, why, override }) => [
    by,
    html`<code>${action}</code>${override ? html` <span class="mark FAIL">over a guard</span>` : null}`,
    moment(at),
    why,
  ]);
  return section(
    "approvals",
    "Who decided",
    table("Approvals", [{ name: "Who" }, { name: "Action" }, { name: "When" }, { name: "Why" }], rows),
  );
}

export function contractsSection(report: Report): Markup {
  const { oldContract: old, newContract: latest, hashes } = report;
  const of = (read: (contract: typeof latest) => string): string[] => [
    old === null ? "not known" : read(old),
    read(latest),
  ];
  const rows = [
    ["model", ...of(({ id }) => id)],
    ["revision", ...of(({ revision }) => revision)],
    ["dimensions", ...of(({ dimensions }) => String(dimensions))],
    ["limit in tokens", ...of(({ maxTokens }) => String(maxTokens))],
    ["pooling", ...of(({ pooling, normalized }) => `${pooling}${normalized ? ", normalised" : ""}`)],
    ["query prefix", ...of(({ queryPrefix }) => queryPrefix || "none")],
    ["fingerprint", ...of(({ fingerprint }) => fingerprint)],
  ].map(([name, ...values]) => [name ?? "", ...values.map((value) => html`<code>${value}</code>`)]);
  const hashList = Object.entries(hashes);
  return section(
    "contracts",
    "Models and hashes",
    table("Model contracts", [{ name: "" }, { name: "Old" }, { name: "New" }], rows),
    hashList.length === 0
      ? null
      : html`<details><summary>Hashes</summary>${table(
          "Hashes",
          [{ name: "Of" }, { name: "sha256" }],
          hashList.map(([name, hash]) => [name, html`<code>${hash}</code>`]),
        )}</details>`,
  );
}
