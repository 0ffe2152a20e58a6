// Search with the old model against search with the new one, on the user's own data: rankings, latencies, scores.
import { DEFAULTS } from "../defaults.ts";
import { type KnownItem, makeKnownItems, placeHeldOut, toRankedQuery } from "./knownItems.ts";
import { type LabelledQuery, parseQueries } from "./labelledQueries.ts";
import type { Plan, Side } from "./plan.ts";
import type { Clock, Deadline, Embedder, Ledger, Models, Point, Qdrant, SearchHit } from "./ports.ts";
import { compareQuality, type Quality, type RankedQuery } from "./quality.ts";
import { barsOf } from "./qualityBars.ts";
import { seededRandom } from "./random.ts";
import { denseVectors } from "./schema.ts";
import { average, spreadOf } from "./statistics.ts";
import { textOf } from "./text.ts";
import { type Thresholds, thresholdsToTranslate, translateThresholds } from "./thresholds.ts";
import { cosine, vectorNumbers } from "./vector.ts";

export interface CompareOutside {
  readonly qdrant: Qdrant;
  readonly ledger: Ledger;
  readonly models: Models;
  readonly clock: Clock;
  readonly deadline: Deadline;
}

export interface SearchComparison {
  readonly quality: Quality;
  readonly thresholds: Thresholds | null;
}

/** Searches one side with its own model, and keeps what it cost. */
interface Seeker {
  readonly side: Side;
  readonly embedder: Embedder;
  readonly embedMs: number[];
  readonly searchMs: number[];
}

// A known item's own vector may be among the answers and is then left out.
const ANSWERS = DEFAULTS.quality.depth + 1;

/** Null where the old model is not proven or nothing can be asked: then nothing is said about quality. */
export async function compareSearch(outside: CompareOutside, plan: Plan): Promise<SearchComparison | null> {
  const { models } = outside;
  // Held-out passages are placed among the answers by cosine; other distances count another way.
  if (!(await isByCosine(outside.qdrant, plan))) return null;
  const [old, latest] = [await seekerOf(models, plan.source), await seekerOf(models, plan.target)];
  if (old === null || latest === null) return null;
  const sampled = await sampleMemories(outside.qdrant, plan);
  const asked = await queriesOf(outside, plan, sampled);
  const work = { outside, plan, old, latest };
  const ranked: RankedQuery[] = [];
  const annRecalls: number[] = [];
  const queries: string[] = [];
  for (const one of asked) {
    if (outside.deadline.remainingMs() < 2 * DEFAULTS.deadlineReserveMs) break;
    const answer = await askBoth(work, one);
    if (answer === null) continue;
    ranked.push(answer.ranked);
    annRecalls.push(answer.annRecall);
    queries.push(one.text);
  }
  if (ranked.length === 0) return null;
  const quality = compareQuality({
    kind: plan.queries === null ? "known-item" : "labelled",
    queries: ranked,
    sameModel: old.embedder.contract.fingerprint === latest.embedder.contract.fingerprint,
    bars: barsOf(plan.bars),
    annRecall: average(annRecalls),
    embedMs: { old: spreadOf(old.embedMs), new: spreadOf(latest.embedMs) },
    searchMs: { old: spreadOf(old.searchMs), new: spreadOf(latest.searchMs) },
  });
  return { quality, thresholds: await compareScores(work, queries, sampled) };
}

async function isByCosine(qdrant: Qdrant, { target }: Plan): Promise<boolean> {
  const info = await qdrant.collection(target.collection);
  const vector =
    info === null ? undefined : denseVectors(info).find(({ name }) => name === target.vectorName);
  // The vectors of both models have length 1, so the dot product is the cosine.
  return vector?.distance === "Cosine" || (vector?.distance === "Dot" && target.contract.normalized);
}

async function seekerOf(models: Models, side: Side): Promise<Seeker | null> {
  const embedder = side.contract === null ? null : await models.openContract(side.contract);
  return embedder === null ? null : { side, embedder, embedMs: [], searchMs: [] };
}

interface Sampled {
  readonly id: string;
  readonly text: string;
}

async function sampleMemories(qdrant: Qdrant, plan: Plan): Promise<readonly Sampled[]> {
  const { collection } = plan.source;
  const ids = await qdrant.sampleIds(collection, DEFAULTS.quality.sampledMemories);
  const points = await qdrant.retrieve(collection, ids);
  const texts = points.flatMap(({ id, payload }) => {
    const text = textOf(payload, plan);
    return "text" in text ? [{ id, text: text.text }] : [];
  });
  return texts.sort((a, b) => (a.id < b.id ? -1 : 1));
}

interface Asked {
  readonly text: string;
  readonly labelled: LabelledQuery | null;
  readonly item: KnownItem | null;
}

async function queriesOf(
  { ledger }: CompareOutside,
  plan: Plan,
  sampled: readonly Sampled[],
): Promise<readonly Asked[]> {
  if (plan.queries === null) {
    const random = seededRandom(DEFAULTS.quality.seed);
    return makeKnownItems(sampled, { random }).map((item) => ({ text: item.query, labelled: null, item }));
  }
  const stored = await ledger.read(plan.queries);
  if (stored === null) return [];
  return parseQueries(plan.queries, stored.body).map((labelled) => ({
    text: labelled.text,
    labelled,
    item: null,
  }));
}

interface Work {
  readonly outside: CompareOutside;
  readonly plan: Plan;
  readonly old: Seeker;
  readonly latest: Seeker;
}

async function askBoth(
  work: Work,
  asked: Asked,
): Promise<{ readonly ranked: RankedQuery; readonly annRecall: number } | null> {
  const [before, after] = [await ask(work, work.old, asked), await ask(work, work.latest, asked)];
  if (before === null || after === null) return null;
  const { collection, vectorName } = work.plan.target;
  const options = { using: vectorName, exact: true, payload: false };
  const exact = await work.outside.qdrant.search(collection, after.vector, DEFAULTS.quality.depth, options);
  const annRecall = recallOf(exact, after.hits);
  const rankings = { old: before.ranking, new: after.ranking };
  if (asked.item !== null) return { ranked: toRankedQuery({ item: asked.item, ...rankings }), annRecall };
  if (asked.labelled === null) return null;
  const { id, relevant } = asked.labelled;
  return { ranked: { id, relevant, ...rankings }, annRecall };
}

/**
 * Share of exact search's answers that the index found as good ones for. By score, not by id: among memories that
 * were said twenty times, which ten are named is luck.
 */
function recallOf(exact: readonly SearchHit[], hits: readonly SearchHit[]): number {
  const weakest = exact.at(-1);
  if (weakest === undefined) return 1;
  const asGood = hits
    .slice(0, exact.length)
    .filter(({ score }) => score >= weakest.score - DEFAULTS.sameScore);
  return asGood.length / exact.length;
}

const idsOf = (hits: readonly SearchHit[]): readonly string[] => hits.map(({ id }) => id);

interface Answer {
  readonly vector: Float32Array;
  readonly hits: readonly SearchHit[];
  readonly ranking: readonly string[];
}

async function ask({ outside }: Work, seeker: Seeker, { text, item }: Asked): Promise<Answer | null> {
  const { qdrant, clock } = outside;
  const startedAt = clock.now();
  const vector = await embedOne(seeker.embedder, text, "query");
  seeker.embedMs.push(clock.now() - startedAt);
  if (vector === null) return null;
  const searchedAt = clock.now();
  const options = { using: seeker.side.vectorName, payload: false };
  const hits = await qdrant.search(seeker.side.collection, vector, ANSWERS, options);
  seeker.searchMs.push(clock.now() - searchedAt);
  if (item === null) return { vector, hits, ranking: idsOf(hits) };
  const heldOut = await embedOne(seeker.embedder, item.heldOut, "passage");
  if (heldOut === null) return null;
  return { vector, hits, ranking: placeHeldOut({ id: item.id, score: cosine(vector, heldOut) }, hits) };
}

async function embedOne(
  embedder: Embedder,
  text: string,
  kind: "query" | "passage",
): Promise<Float32Array | null> {
  const [made] = await embedder.embed([text], kind);
  return made?.ok ? made.vector : null;
}

/** Scores of the same pairs of query and memory with both models, for readers who filter by score. */
async function compareScores(
  { outside, plan, old, latest }: Work,
  queries: readonly string[],
  sampled: readonly Sampled[],
): Promise<Thresholds | null> {
  const ids = sampled.slice(0, DEFAULTS.quality.scoredMemories).map(({ id }) => id);
  const asked = queries.slice(0, DEFAULTS.quality.scoredQueries);
  const sides = [old, latest] as const;
  const scores: number[][] = [[], []];
  const stored = await Promise.all(
    sides.map(({ side }) => outside.qdrant.retrieve(side.collection, ids, { vectors: true, payload: false })),
  );
  const byId = stored.map((points) => new Map(points.map((point) => [point.id, point])));
  const vectors = await Promise.all(
    sides.map(({ embedder }) => Promise.all(asked.map((text) => embedOne(embedder, text, "query")))),
  );
  for (const id of ids) {
    const pair = byId.map((points, side) => numbersOf(points.get(id), sides[side]?.side.vectorName ?? ""));
    if (pair.some((numbers) => numbers === null)) continue;
    for (let query = 0; query < asked.length; query++)
      sides.forEach((_, side) => {
        scores[side]?.push(cosine(vectors[side]?.[query] ?? [], pair[side] ?? []));
      });
  }
  return translateThresholds({
    oldScores: scores[0] ?? [],
    newScores: scores[1] ?? [],
    thresholds: thresholdsToTranslate(plan.scoreThresholds ?? []),
  });
}

const numbersOf = (point: Point | undefined, name: string): Float32Array | null =>
  point === undefined ? null : vectorNumbers(point.vectors, name);
