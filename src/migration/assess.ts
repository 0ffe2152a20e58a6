// The embedder's part of the gate: points of the target embedded again, and looked up by their own text.
import { DEFAULTS } from "../defaults.ts";
import { type CompareOutside, compareSearch, type SearchComparison } from "./compareSearch.ts";
import { readPlan } from "./plan.ts";
import type { Embedded, Point, Qdrant, Recognition, SearchHit } from "./ports.ts";
import { textOf } from "./text.ts";
import { sampleTruncation, type TruncationSample } from "./truncation.ts";
import { cosine, vectorNumbers } from "./vector.ts";

export interface Assessment {
  /** Points with text that were embedded again. */
  readonly compared: number;
  readonly meanCosine: number;
  readonly minCosine: number;
  /** Of those, found among the nearest ten of their own vector. */
  readonly foundBySearch: number;
  /** False when every stored vector of the sample is the same although the texts are not. */
  readonly isVaried: boolean;
  /** Search with both models; null where the old one is not proven. */
  readonly search: SearchComparison | null;
  /** What each model cannot see of the same texts; absent in assessments that an earlier version stored. */
  readonly truncation?: TruncationSample | null;
  /** Which published model the new one is; absent in assessments that an earlier version stored. */
  readonly recognition?: Recognition;
}

interface Sampled {
  readonly point: Point;
  readonly text: string;
  readonly stored: Float32Array;
}

export async function assessTarget(outside: CompareOutside, migration: string): Promise<Assessment> {
  const { ledger, models } = outside;
  const plan = await readPlan(ledger, migration);
  const { collection, contract } = plan.target;
  const embedder = await models.openContract(contract);
  if (embedder === null)
    throw new Error(`Model ${contract.id} is not here although its pages were embedded. This is a bug.`);
  const sampled = await samplePoints(outside.qdrant, collection, plan);
  const made = await embedder.embed(
    sampled.map(({ text }) => text),
    "passage",
  );
  const cosines = sampled.map(({ stored }, index) => cosineOf(stored, made[index]));
  let foundBySearch = 0;
  for (const { point, stored } of sampled) {
    const hits = await outside.qdrant.search(collection, stored, NEAREST, {
      using: plan.target.vectorName,
      payload: false,
    });
    if (hits.some(({ id }) => id === point.id) || areTwins(hits)) foundBySearch++;
  }
  const texts = new Set(sampled.map(({ text }) => text));
  const vectors = new Set(sampled.map(({ stored }) => stored.join()));
  return {
    compared: sampled.length,
    meanCosine: cosines.reduce((sum, one) => sum + one, 0) / Math.max(1, cosines.length),
    minCosine: cosines.reduce((least, one) => Math.min(least, one), 1),
    foundBySearch,
    isVaried: vectors.size > 1 || texts.size <= 1,
    search: await compareSearch(outside, plan),
    truncation: await sampleTruncation(outside, plan),
    recognition: await embedder.recognize(),
  };
}

const NEAREST = 10;

/** More twins than answers: all have the point's own vector, and each is as good an answer as the point itself. */
function areTwins(hits: readonly SearchHit[]): boolean {
  const [first, last] = [hits[0], hits.at(-1)];
  if (hits.length < NEAREST || first === undefined || last === undefined) return false;
  return Math.abs(first.score - last.score) <= DEFAULTS.sameScore;
}

async function samplePoints(
  qdrant: Qdrant,
  collection: string,
  plan: Awaited<ReturnType<typeof readPlan>>,
): Promise<readonly Sampled[]> {
  const ids = await qdrant.sampleIds(collection, DEFAULTS.gateSamplePoints);
  const points = await qdrant.retrieve(collection, ids, { vectors: true });
  return points.flatMap((point) => {
    const text = textOf(point.payload, plan);
    const stored = vectorNumbers(point.vectors, plan.target.vectorName);
    return "text" in text && stored !== null ? [{ point, text: text.text, stored }] : [];
  });
}

const cosineOf = (stored: Float32Array, made: Embedded | undefined): number =>
  made?.ok && made.vector.length === stored.length ? cosine(stored, made.vector) : 0;
