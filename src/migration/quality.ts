// Is search with the new model better? Rankings in, numbers and a verdict out: no search happens here.
import { DEFAULTS } from "../defaults.ts";
import type { PointId } from "./ids.ts";
import type { Outcome, QualityBars, QualityLine } from "./qualityBars.ts";
import { judgeBars, worstOutcome } from "./qualityBars.ts";
import { seededRandom } from "./random.ts";
import { average, type Estimate, estimateMean, type Spread } from "./statistics.ts";

/** Relevant ids with their grade, a positive number: 1 for "relevant" where nobody graded. */
export type Relevant = Readonly<Record<PointId, number>>;

export interface RankingScore {
  readonly ndcg: number;
  readonly recall: number;
  /** 1 / rank of the first relevant id among the first ten, else 0. */
  readonly reciprocalRank: number;
}

/** One query's answers from both models, best first. */
export interface RankedQuery {
  readonly id: string;
  readonly relevant: Relevant;
  readonly old: readonly PointId[];
  readonly new: readonly PointId[];
}

export interface MetricChange {
  readonly name: "nDCG@10" | "recall@10" | "MRR@10";
  readonly old: Estimate;
  readonly new: Estimate;
  /** New minus old, query by query: its interval is what decides. */
  readonly change: Estimate;
}

export interface QueryChange {
  readonly id: string;
  /** nDCG@10. */
  readonly old: number;
  readonly new: number;
  /** The first ten. */
  readonly oldTop: readonly PointId[];
  readonly newTop: readonly PointId[];
  /** Those of them that are relevant; absent in assessments that an earlier version stored. */
  readonly relevant?: readonly PointId[];
}

export interface Quality {
  /** `labelled`: the user's own queries; `known-item`: made from memories, see knownItems.ts. */
  readonly kind: "labelled" | "known-item";
  readonly queries: number;
  readonly seed: number;
  readonly bars: QualityBars;
  readonly lines: readonly QualityLine[];
  readonly verdict: Outcome;
  readonly metrics: readonly MetricChange[];
  /** Share of the old first ten that the new first ten still hold, 0 to 1. */
  readonly overlap: number;
  /** Share of exact search's first ten that the new index found; null: not measured. */
  readonly annRecall: number | null;
  /** Milliseconds to embed one query; null: not measured. */
  readonly embedMs: { readonly old: Spread | null; readonly new: Spread } | null;
  /** Milliseconds of one search; null: not measured. */
  readonly searchMs: { readonly old: Spread; readonly new: Spread } | null;
  /** nDCG@10 new minus old of every query, ascending: the plot of who won and who lost. */
  readonly changes: readonly number[];
  /** The queries that changed most, the largest change first. */
  readonly mostChanged: readonly QueryChange[];
}

export interface QualityInput {
  readonly kind: Quality["kind"];
  readonly queries: readonly RankedQuery[];
  /** True when both sides have one fingerprint: then nothing may PASS as better. */
  readonly sameModel: boolean;
  readonly bars?: QualityBars;
  readonly seed?: number;
  readonly annRecall?: number | null;
  readonly embedMs?: Quality["embedMs"];
  readonly searchMs?: Quality["searchMs"];
}

const DEPTH = DEFAULTS.quality.depth;

/** Discounted gain of grades in rank order, with the gain 2^grade - 1 of the usual definition. */
const discountedGain = (grades: readonly number[]): number =>
  grades.reduce((sum, grade, rank) => sum + (2 ** grade - 1) / Math.log2(rank + 2), 0);

/** Scores the first ten of a ranking. A query without relevant ids scores 0: `parseQueries` refuses it. */
export function scoreRanking(ranking: readonly PointId[], relevant: Relevant): RankingScore {
  // An id twice in a ranking must not count twice.
  const top = [...new Set(ranking)].slice(0, DEPTH);
  const grades = top.map((id) => relevant[id] ?? 0);
  const ideal = Object.values(relevant)
    .sort((a, b) => b - a)
    .slice(0, DEPTH);
  const found = grades.filter((grade) => grade > 0).length;
  const first = grades.findIndex((grade) => grade > 0);
  return {
    ndcg: ideal.length === 0 ? 0 : discountedGain(grades) / discountedGain(ideal),
    // Ten places hold at most ten relevant ids: a query with twenty can reach 1 as well.
    recall: ideal.length === 0 ? 0 : found / ideal.length,
    reciprocalRank: first < 0 ? 0 : 1 / (first + 1),
  };
}

/**
 * Share of `expected`'s first ten found in `actual`'s first ten. With exact search as `expected` and the index
 * as `actual` this is ANN recall; with old and new it is their overlap. Two empty lists agree.
 */
export function overlapAt10(expected: readonly PointId[], actual: readonly PointId[]): number {
  const wanted = expected.slice(0, DEPTH);
  if (wanted.length === 0) return 1;
  const found = new Set(actual.slice(0, DEPTH));
  return wanted.filter((id) => found.has(id)).length / wanted.length;
}

interface ScoredQuery extends RankedQuery {
  readonly scores: { readonly old: RankingScore; readonly new: RankingScore };
}

function compareMetric(
  name: MetricChange["name"],
  key: keyof RankingScore,
  { scored, seed }: { readonly scored: readonly ScoredQuery[]; readonly seed: number },
): MetricChange {
  const before = scored.map(({ scores }) => scores.old[key]);
  const after = scored.map(({ scores }) => scores.new[key]);
  const change = after.map((value, query) => value - (before[query] ?? 0));
  // The same seed each time: all three intervals are drawn from the same resamples of queries.
  const estimate = (values: readonly number[]): Estimate => estimateMean(values, seededRandom(seed));
  return { name, old: estimate(before), new: estimate(after), change: estimate(change) };
}

/** By nDCG@10, then by how few answers stayed; a query that is answered as before has not changed. */
function mostChanged(scored: readonly ScoredQuery[]): QueryChange[] {
  return scored
    .map(({ id, relevant, old, new: latest, scores }) => ({
      id,
      old: scores.old.ndcg,
      new: scores.new.ndcg,
      oldTop: old.slice(0, DEPTH),
      newTop: latest.slice(0, DEPTH),
      relevant: [...new Set([...old.slice(0, DEPTH), ...latest.slice(0, DEPTH)])].filter(
        (found) => (relevant[found] ?? 0) > 0,
      ),
    }))
    .filter(({ oldTop, newTop }) => oldTop.join() !== newTop.join())
    .sort(
      (a, b) =>
        Math.abs(b.new - b.old) - Math.abs(a.new - a.old) ||
        overlapAt10(a.oldTop, a.newTop) - overlapAt10(b.oldTop, b.newTop),
    )
    .slice(0, DEFAULTS.quality.listedQueries);
}

/** Compares both models query by query and judges the bars. Deterministic: the seed is part of the result. */
export function compareQuality(input: QualityInput): Quality {
  const seed = input.seed ?? DEFAULTS.quality.seed;
  const bars = input.bars ?? DEFAULTS.quality.bars;
  const scored = input.queries.map((query) => ({
    ...query,
    scores: { old: scoreRanking(query.old, query.relevant), new: scoreRanking(query.new, query.relevant) },
  }));
  const overlap = average(input.queries.map(({ old, new: latest }) => overlapAt10(old, latest)));
  const annRecall = input.annRecall ?? null;
  const embedMs = input.embedMs ?? null;
  const lines = judgeBars({
    bars,
    seed,
    pairs: scored.map(({ scores }) => scores),
    alike: input.sameModel ? "model" : overlap >= DEFAULTS.quality.alikeOverlap ? "answers" : null,
    overlap,
    rankings: input.queries.length,
    annRecall,
    embedMsP95: embedMs?.new.p95 ?? null,
  });
  return {
    kind: input.kind,
    queries: scored.length,
    seed,
    bars,
    lines,
    verdict: worstOutcome(lines.filter(({ decides }) => decides).map(({ outcome }) => outcome)),
    metrics: [
      compareMetric("nDCG@10", "ndcg", { scored, seed }),
      compareMetric("recall@10", "recall", { scored, seed }),
      compareMetric("MRR@10", "reciprocalRank", { scored, seed }),
    ],
    overlap,
    annRecall,
    embedMs,
    searchMs: input.searchMs ?? null,
    changes: scored.map(({ scores }) => scores.new.ndcg - scores.old.ndcg).sort((a, b) => a - b),
    mostChanged: mostChanged(scored),
  };
}
