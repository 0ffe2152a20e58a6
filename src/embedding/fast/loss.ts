import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Embedder } from "../../migration/ports.ts";
import { cosine } from "../answers.ts";

/** How far one model's vectors are from another's of the same texts. */
export interface Loss {
  readonly texts: number;
  readonly cosineMean: number;
  /** First percentile. */
  readonly cosineP1: number;
  readonly cosineMin: number;
  /** Share of the ten nearest texts that stay the ten nearest. */
  readonly top10Overlap: number;
}

const NEAREST = 10;

/** Vectors of all texts; a text without one is left out by both models alike. */
async function vectorsOf(embedder: Embedder, texts: readonly string[]): Promise<(Float32Array | null)[]> {
  const outcomes = await embedder.embed(texts, "passage");
  return outcomes.map((outcome) => (outcome.ok ? outcome.vector : null));
}

export async function measureLoss(
  before: Embedder,
  after: Embedder,
  texts: readonly string[],
): Promise<Loss> {
  const old = await vectorsOf(before, texts);
  const made = await vectorsOf(after, texts);
  const pairs = old.flatMap((a, at) => {
    const b = made[at];
    return a && b ? [{ a, b }] : [];
  });
  const cosines = pairs.map(({ a, b }) => cosine(a, b)).sort((x, y) => x - y);
  const olds = pairs.map(({ a }) => a);
  const news = pairs.map(({ b }) => b);
  const overlaps = pairs.map((_, at) => overlap(nearest(olds, at), nearest(news, at)));
  return {
    texts: pairs.length,
    cosineMean: mean(cosines),
    cosineP1: cosines[Math.floor(cosines.length / 100)] ?? 0,
    cosineMin: cosines[0] ?? 0,
    top10Overlap: mean(overlaps),
  };
}

const mean = (values: readonly number[]): number =>
  values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);

/** Positions of the nearest other vectors; all are of length 1. */
function nearest(vectors: readonly Float32Array[], at: number): number[] {
  const own = vectors[at];
  return vectors
    .map((vector, other) => ({ other, score: other === at || own === undefined ? -2 : dot(own, vector) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, Math.min(NEAREST, vectors.length - 1))
    .map(({ other }) => other);
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

const overlap = (a: readonly number[], b: readonly number[]): number =>
  a.filter((one) => b.includes(one)).length / Math.max(1, a.length);

interface Query {
  readonly text: string;
  /** Grade by id of a relevant text. */
  readonly relevant: Readonly<Record<string, number>>;
}

interface Passage {
  readonly id: string;
  readonly text: string;
  readonly title?: string;
}

async function readLines<T>(path: string): Promise<T[]> {
  return (await readFile(path, "utf8"))
    .split("\n")
    .filter((line) => line !== "")
    .map((line): T => JSON.parse(line));
}

/**
 * nDCG@10 of a labelled set: `<set>.corpus.jsonl` with `{id, text, title?}` and `<set>.queries.jsonl` with
 * `{text, relevant: {id: grade}}`.
 */
export async function measureRanking(embedder: Embedder, directory: string, set: string): Promise<number> {
  const passages = await readLines<Passage>(join(directory, `${set}.corpus.jsonl`));
  const queries = await readLines<Query>(join(directory, `${set}.queries.jsonl`));
  const corpus = await vectorsOf(
    embedder,
    passages.map(({ title, text }) => (title ? `${title} ${text}` : text)),
  );
  const asked = await embedder.embed(
    queries.map(({ text }) => text),
    "query",
  );
  return mean(
    queries.map(({ relevant }, at) => {
      const outcome = asked[at];
      if (!outcome?.ok) return 0;
      const scored = passages.map(({ id }, index) => {
        const vector = corpus[index];
        return { id, score: vector ? dot(outcome.vector, vector) : -2 };
      });
      const ids = scored.sort((a, b) => b.score - a.score).slice(0, NEAREST);
      return ndcg(
        ids.map(({ id }) => relevant[id] ?? 0),
        Object.values(relevant),
      );
    }),
  );
}

function ndcg(found: readonly number[], all: readonly number[]): number {
  const gain = (grades: readonly number[]) =>
    grades.slice(0, NEAREST).reduce((sum, grade, rank) => sum + grade / Math.log2(rank + 2), 0);
  const ideal = gain(all.toSorted((a, b) => b - a));
  return ideal === 0 ? 0 : gain(found) / ideal;
}
