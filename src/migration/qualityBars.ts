// The bars of the quality part: set before the run, judged line by line.
import { DEFAULTS } from "../defaults.ts";
import { seededRandom } from "./random.ts";
import { type Estimate, estimateMean } from "./statistics.ts";

export type Outcome = "PASS" | "FAIL" | "INCONCLUSIVE";

export interface QualityBars {
  /** Least relative gain in nDCG@10: 0.1 asks for 10 % more than the old model reached. */
  readonly minNdcgGain: number;
  /** Least relative gain in recall@10; a small negative number tolerates that much loss. */
  readonly minRecallGain: number;
  /** Least share of the old first ten that the new first ten still hold, 0 to 1; only where better search is not proven. */
  readonly minOverlap: number;
  /** Least share of exact search's answers that the new index finds, 0 to 1. */
  readonly minAnnRecall: number;
  /** Most milliseconds to embed one query, at the 95th percentile. */
  readonly maxQueryEmbedMs: number;
  /** Fewer queries than this that either model answers decide nothing. */
  readonly minQueries: number;
}

export interface QualityLine {
  readonly name: string;
  readonly outcome: Outcome;
  /** A sentence with what was found and the bar. */
  readonly found: string;
  /** False for what speaks of the machine that measured, not of the model: it stands in nobody's way. */
  readonly decides: boolean;
}

interface ScorePair {
  readonly old: { readonly ndcg: number; readonly recall: number };
  readonly new: { readonly ndcg: number; readonly recall: number };
}

export interface BarsInput {
  readonly bars: QualityBars;
  readonly seed: number;
  readonly pairs: readonly ScorePair[];
  /** Why "better" cannot be claimed whatever the numbers: the model is the same, or nearly all answers are. */
  readonly alike: "model" | "answers" | null;
  /** Over all queries, also those that neither model answers: without a label two models can still agree. */
  readonly overlap: number;
  readonly rankings: number;
  readonly annRecall: number | null;
  readonly embedMsP95: number | null;
}

/** A failed line fails the whole, an open one leaves it open. Nothing measured is open, never good. */
export function worstOutcome(outcomes: readonly Outcome[]): Outcome {
  if (outcomes.includes("FAIL")) return "FAIL";
  return outcomes.length === 0 || outcomes.includes("INCONCLUSIVE") ? "INCONCLUSIVE" : "PASS";
}

/** PASS only when the whole interval lies above zero: equality is not better. */
function judgeMargin({ low, high }: Estimate): Outcome {
  if (low > 0) return "PASS";
  return high < 0 ? "FAIL" : "INCONCLUSIVE";
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const signed = (share: number): string => `${share < 0 ? "" : "+"}${percent(share)}`;

/**
 * Does the new model reach (1 + gain) times the old one's mean? Judged on new - (1 + gain) * old per query: linear,
 * so it needs no ratio of means and stays defined when the old model finds nothing.
 */
function judgeGain(input: BarsInput, metric: "ndcg" | "recall", gain: number): QualityLine {
  const before = input.pairs.map((pair) => pair.old[metric]);
  const after = input.pairs.map((pair) => pair.new[metric]);
  const margins = after.map((value, query) => value - (1 + gain) * (before[query] ?? 0));
  const random = (): (() => number) => seededRandom(input.seed);
  const [old, latest] = [estimateMean(before, random()).mean, estimateMean(after, random()).mean];
  const judged = judgeMargin(estimateMean(margins, random()));
  // A query that neither model answers is a tie whatever the models are: with three others the bootstrap has three
  // values to draw from, and its interval is far too narrow.
  const answered = input.pairs.filter((pair) => pair.old[metric] > 0 || pair.new[metric] > 0).length;
  const enough = answered >= input.bars.minQueries;
  const relative = old > 0 ? ` (${signed(latest / old - 1)})` : "";
  const name = metric === "ndcg" ? "Relevance (nDCG@10)" : "Found in the first ten (recall@10)";
  const found = `${old.toFixed(3)} → ${latest.toFixed(3)}${relative}; asked for ${gain === 0 ? "more than before" : `at least ${signed(gain)}`}`;
  if (!enough)
    return {
      name,
      decides: true,
      outcome: "INCONCLUSIVE",
      found: `${found}; of ${input.pairs.length} queries ${answered} found anything with either model, ${input.bars.minQueries} are needed to decide`,
    };
  // A gain bar at or above zero claims "better", which two equal models can only reach by luck.
  if (gain >= 0 && input.alike !== null && judged === "PASS")
    return {
      name,
      decides: true,
      outcome: "INCONCLUSIVE",
      found: `${found}; ${input.alike === "model" ? "both sides have the same model" : "nearly all answers are the same"}`,
    };
  return {
    name,
    decides: true,
    outcome: judged,
    found: `${found}${judged === "INCONCLUSIVE" ? "; the interval spans the bar" : ""}`,
  };
}

/**
 * Two sound models agree on part of the answers whatever the labels say; one with a broken tokenizer agrees with nobody.
 * Better search that is proven is proof enough: an old model may have been the broken one.
 */
function judgeOverlap({ bars, overlap, rankings }: BarsInput, relevance: Outcome): QualityLine {
  const found = `the new first ten hold ${percent(overlap)} of the old first ten; the bar is ${percent(bars.minOverlap)} where better search is not proven`;
  const judged = relevance === "PASS" || overlap >= bars.minOverlap ? "PASS" : "FAIL";
  const outcome = rankings < bars.minQueries ? "INCONCLUSIVE" : judged;
  return { name: "Answers in common", decides: true, outcome, found };
}

function judgeAnnRecall({ bars, annRecall }: BarsInput): QualityLine[] {
  if (annRecall === null) return [];
  const outcome = annRecall >= bars.minAnnRecall ? "PASS" : "FAIL";
  const found = `the new index finds ${percent(annRecall)} of exact search's answers; the bar is ${percent(bars.minAnnRecall)}`;
  return [{ name: "Index against exact search", decides: true, outcome, found }];
}

function judgeLatency({ bars, embedMsP95 }: BarsInput): QualityLine[] {
  if (embedMsP95 === null) return [];
  const outcome = embedMsP95 <= bars.maxQueryEmbedMs ? "PASS" : "FAIL";
  const found = `${embedMsP95.toFixed(1)} ms at the 95th percentile on the machine that ran the gate; the bar is ${bars.maxQueryEmbedMs} ms`;
  return [{ name: "Embedding a query", decides: false, outcome, found }];
}

/** One line a bar. What was not measured has no line. */
export function judgeBars(input: BarsInput): QualityLine[] {
  const relevance = judgeGain(input, "ndcg", input.bars.minNdcgGain);
  return [
    relevance,
    judgeGain(input, "recall", input.bars.minRecallGain),
    judgeOverlap(input, relevance.outcome),
    ...judgeAnnRecall(input),
    ...judgeLatency(input),
  ];
}

/** Bars of a request over the defaults. */
export const barsOf = (asked: Partial<QualityBars>): QualityBars => ({ ...DEFAULTS.quality.bars, ...asked });
