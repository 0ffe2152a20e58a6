// Static SVG. Colours are the page's variables, so that one drawing serves light, dark and print.
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { MetricChange } from "../migration/quality.ts";
import type { Thresholds } from "../migration/thresholds.ts";
import type { ThroughputSample } from "../migration/throughput.ts";
import { Markup } from "./markup.ts";

// Drawn at the width of a phone and shown two abreast where there is room: scaling a wide drawing down would leave
// letters nobody can read.
const WIDTH = 380;
const OLD = "var(--old)";
const NEW = "var(--new)";
const BETTER = "var(--good)";
const WORSE = "var(--bad)";

/** Draws into a document of its own; `label` is what a screen reader says instead of the drawing. */
function draw(label: string, options: Plot.PlotOptions): Markup {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const drawing = Plot.plot({
    width: WIDTH,
    // Plot asks for nothing of a browser's document but what creates elements, which linkedom has.
    document,
    style: { fontSize: "12px", fontFamily: "inherit" },
    marginBottom: 42,
    marginTop: 26,
    marginRight: 16,
    ...options,
  });
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", label);
  return new Markup(String(drawing.outerHTML));
}

/** Both models' means with their 95 % intervals, one row a metric. */
export function plotMetrics(metrics: readonly MetricChange[]): Markup {
  const rows = metrics.flatMap(({ name, old, new: latest }) => [
    { name, model: "old", ...old },
    { name, model: "new", ...latest },
  ]);
  const colour = (row: { readonly model: string }): string => (row.model === "old" ? OLD : NEW);
  return draw("Means of old and new model with 95 % intervals; the table below has the numbers", {
    height: 52 + 62 * metrics.length,
    marginBottom: 26,
    marginLeft: 44,
    marginRight: 84,
    x: { domain: [0, 1], grid: true, label: null, ticks: 5 },
    y: { domain: ["old", "new"], label: null, tickSize: 0 },
    fy: { domain: metrics.map(({ name }) => name), label: null },
    color: { type: "identity" },
    marks: [
      Plot.ruleY(rows, { fy: "name", y: "model", x1: "low", x2: "high", stroke: colour, strokeWidth: 3 }),
      Plot.tickX(rows, { fy: "name", y: "model", x: "low", stroke: colour, inset: 7 }),
      Plot.tickX(rows, { fy: "name", y: "model", x: "high", stroke: colour, inset: 7 }),
      Plot.dot(rows, { fy: "name", y: "model", x: "mean", fill: colour, r: 5 }),
    ],
  });
}

/** One line a query, worst loss first: how many lost, how many won, and how much. */
export function plotChanges(changes: readonly number[]): Markup {
  const rows = changes.map((change, index) => ({ change, index: index + 1 }));
  const colour = ({ change }: { readonly change: number }): string => (change < 0 ? WORSE : BETTER);
  const width = Math.max(0.75, Math.min(8, (0.8 * (WIDTH - 60)) / Math.max(1, rows.length)));
  return draw("Change of nDCG@10 of every query, from the largest loss to the largest gain", {
    height: 230,
    marginLeft: 40,
    x: {
      label: "queries, from the largest loss to the largest gain",
      ticks: 5,
      domain: [0, rows.length + 1],
    },
    y: { label: "change of nDCG@10", grid: true, domain: [-1, 1], ticks: 5 },
    color: { type: "identity" },
    marks: [
      Plot.ruleX(rows, { x: "index", y1: 0, y2: "change", stroke: colour, strokeWidth: width }),
      Plot.ruleY([0], { stroke: "currentColor" }),
    ],
  });
}

/** Share of pairs that pass a threshold, for both models, and how each old threshold moves. */
export function plotScores({ curve, changes }: Thresholds): Markup {
  const moves = changes.flatMap(({ old, oldShare, new: value }) =>
    value === null ? [] : [{ old, value, share: oldShare }],
  );
  return draw("Share of pairs whose score is at least a threshold, for the old and the new model", {
    height: 260,
    marginLeft: 40,
    x: { label: "score threshold", grid: true, ticks: 6 },
    y: { label: "% of pairs that pass", grid: true, domain: [0, 100], percent: true, ticks: 5 },
    marks: [
      Plot.line(curve, { x: "score", y: "old", stroke: OLD, strokeWidth: 2, strokeDasharray: "6 3" }),
      Plot.line(curve, { x: "score", y: "new", stroke: NEW, strokeWidth: 2 }),
      Plot.arrow(moves, {
        x1: "old",
        x2: "value",
        y1: "share",
        y2: "share",
        stroke: "currentColor",
        inset: 4,
      }),
      Plot.dot(moves, { x: "old", y: "share", fill: OLD, r: 4 }),
      Plot.dot(moves, { x: "value", y: "share", fill: NEW, r: 4 }),
    ],
  });
}

/** Points a second over the minutes (or seconds) of the run. */
export function plotThroughput(samples: readonly ThroughputSample[], startedAt: number): Markup {
  const longest = (samples.at(-1)?.at ?? startedAt) - startedAt;
  const [unit, unitMs] = longest < 180_000 ? ["seconds", 1000] : ["minutes", 60_000];
  const rows = samples.map(({ at, pointsPerSecond }) => ({
    time: (at - startedAt) / unitMs,
    pointsPerSecond,
  }));
  return draw(`Points a second over ${unit} since the start`, {
    height: 220,
    marginLeft: 52,
    x: { label: `${unit} since the start`, ticks: 6 },
    y: { label: "points a second", grid: true, zero: true, ticks: 5 },
    marks: [
      Plot.areaY(rows, { x: "time", y: "pointsPerSecond", fill: NEW, fillOpacity: 0.18 }),
      Plot.lineY(rows, { x: "time", y: "pointsPerSecond", stroke: NEW, strokeWidth: 2 }),
      Plot.ruleY([0], { stroke: "currentColor" }),
    ],
  });
}
