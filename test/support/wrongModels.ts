// Copies of a real model with one thing wrong each, and real labelled data to judge them on.
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openModels } from "../../src/embedding/open.ts";
import type { PointId } from "../../src/migration/ids.ts";
import type { Embedded, Embedder, Models, Point, SearchHit } from "../../src/migration/ports.ts";
import { seededRandom } from "../../src/migration/random.ts";
import { cosine, vectorNumbers } from "../../src/migration/vector.ts";
import { StoryMachine } from "./machine.ts";

const GRAPH = "model_int8.onnx";

/** What is changed in a copy of a model. */
export interface Wrong {
  readonly config?: object;
  readonly tokenizer?: (tokenizer: Tokenizer) => Tokenizer;
}

interface Tokenizer {
  readonly normalizer: object;
  readonly model: { readonly vocab: Readonly<Record<string, number>> };
}

/** Capital letters stay: the vocabulary knows none, and words that begin with one become unknown. */
export const keepCase = (tokenizer: Tokenizer): Tokenizer => ({
  ...tokenizer,
  normalizer: { ...tokenizer.normalizer, lowercase: false },
});

/** Every word has another word's number; the special tokens, below 1000, keep theirs. */
export function reorderVocabulary(tokenizer: Tokenizer): Tokenizer {
  const entries = Object.entries(tokenizer.model.vocab);
  const words = entries.filter(([, id]) => id >= 1000);
  const ids = shuffled(words.map(([, id]) => id));
  const vocab = Object.fromEntries([
    ...entries.filter(([, id]) => id < 1000),
    ...words.map(([word], index) => [word, ids[index] ?? 0] as const),
  ]);
  return { ...tokenizer, model: { ...tokenizer.model, vocab } };
}

export function shuffled<T>(values: readonly T[], seed = 1): readonly T[] {
  const random = seededRandom(seed);
  return values
    .map((value) => ({ value, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}

/** A directory of models, gone when the tests end. */
export function makeModelDir({ after }: { readonly after: (end: () => void) => void }): string {
  const modelDir = mkdtempSync(join(tmpdir(), "remaster-wrong-"));
  after(() => rmSync(modelDir, { recursive: true }));
  return modelDir;
}

/** A copy of the model in `from`, without known answers, signed: only what it answers can tell that it is wrong. */
export function copyWrong(modelDir: string, name: string, from: string, wrong: Wrong = {}): void {
  const directory = join(modelDir, name);
  mkdirSync(directory);
  const read = (file: string): string => readFileSync(join(from, file), "utf8");
  symlinkSync(join(from, GRAPH), join(directory, GRAPH));
  const written = read("tokenizer.json");
  const tokenizer =
    wrong.tokenizer === undefined ? written : JSON.stringify(wrong.tokenizer(JSON.parse(written)));
  writeFileSync(join(directory, "tokenizer.json"), tokenizer);
  const config: object = { ...JSON.parse(read("config.json")), name, ...wrong.config };
  const hashOf = (content: string | Buffer): string => createHash("sha256").update(content).digest("hex");
  const files = { [GRAPH]: hashOf(readFileSync(join(from, GRAPH))), "tokenizer.json": hashOf(tokenizer) };
  writeFileSync(join(directory, "config.json"), JSON.stringify({ ...config, files }));
}

interface Query {
  readonly id: string;
  readonly text: string;
  readonly relevant: Readonly<Record<PointId, number>>;
}

export interface LabelledSet {
  readonly documents: readonly { readonly id: PointId; readonly text: string }[];
  readonly queries: readonly Query[];
}

/** How much of a set is taken. */
export interface Part {
  /** Every so manyth document and query; documents that answer one of these queries are kept where `answers` says so. */
  readonly documents: number;
  readonly queries: number;
  readonly answers: boolean;
  /** Documents are cut after the word that goes beyond so many characters. */
  readonly characters: number;
}

const WHOLE: Part = { documents: 1, queries: 1, answers: false, characters: Number.POSITIVE_INFINITY };

interface Line {
  readonly id: string;
  readonly text: string;
  readonly title?: string;
  readonly relevant?: Readonly<Record<string, number>>;
}

// Ids of Qdrant are whole numbers: those of some sets begin with a letter.
const idOf = (id: string): PointId => id.replace(/^\D+/, "");

function readLines(path: string): readonly Line[] {
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line));
}

/** A labelled set, or a part of it; a query none of whose answers is in the part is left out. */
export function readLabelled(folder: string, set: string, part: Partial<Part> = {}): LabelledSet {
  const { documents, queries, answers, characters } = { ...WHOLE, ...part };
  const asked = readLines(join(folder, `${set}.queries.jsonl`)).filter((_, index) => index % queries === 0);
  const wanted = new Set(asked.flatMap(({ relevant = {} }) => Object.keys(relevant)));
  const kept = readLines(join(folder, `${set}.corpus.jsonl`)).filter(
    ({ id }, index) => index % documents === 0 || (answers && wanted.has(id)),
  );
  const ids = new Set(kept.map(({ id }) => id));
  return {
    documents: kept.map(({ id, title, text }) => ({
      id: idOf(id),
      text: cut(title === undefined ? text : `${title}. ${text}`, characters),
    })),
    queries: asked.flatMap(({ id, text, relevant = {} }) => {
      const there = Object.entries(relevant).filter(([answer]) => ids.has(answer));
      if (there.length === 0) return [];
      return [
        { id, text, relevant: Object.fromEntries(there.map(([answer, grade]) => [idOf(answer), grade])) },
      ];
    }),
  };
}

const cut = (text: string, characters: number): string =>
  text.length <= characters ? text : text.slice(0, text.indexOf(" ", characters) >>> 0);

export const modelsIn = (modelDir: string | null): Models =>
  openModels({ modelDir, defaultModel: null, dimensions: null, threads: 1 });

/** Models that embed a text once, also for each other where only the other kind's prefix differs. */
export function remembering(models: Models): Models {
  const known = new Map<string, Embedded>();
  const remember = (embedder: Embedder): Embedder => ({
    ...embedder,
    async embed(texts, kind) {
      const { files, pooling, queryPrefix, passagePrefix } = embedder.contract;
      const prefix = kind === "query" ? queryPrefix : passagePrefix;
      const keyOf = (text: string): string => JSON.stringify([files, pooling, prefix, text]);
      const missing = [...new Set(texts)].filter((text) => !known.has(keyOf(text)));
      const made = missing.length === 0 ? [] : await embedder.embed(missing, kind);
      made.forEach((one, index) => {
        known.set(keyOf(missing[index] ?? ""), one);
      });
      return texts.map((text) => known.get(keyOf(text)) ?? { ok: false, reason: "never embedded" });
    },
  });
  return {
    open: async (name) => remember(await models.open(name)),
    async openContract(contract) {
      const embedder = await models.openContract(contract);
      return embedder === null ? null : remember(embedder);
    },
  };
}

/** A machine whose source holds the documents with vectors of `old`, and whose searches are exact and fast. */
export async function machineWithDocuments(
  models: Models,
  old: string,
  { documents, queries }: LabelledSet,
): Promise<StoryMachine> {
  const machine = new StoryMachine();
  machine.models = models;
  const embedder = await models.open(old);
  const made = await embedder.embed(
    documents.map(({ text }) => text),
    "passage",
  );
  const size = embedder.contract.dimensions;
  await machine.qdrant.createCollection("chat_old", { vectors: { size, distance: "Cosine" } });
  documents.forEach(({ id, text }, index) => {
    const outcome = made[index];
    machine.qdrant.put(
      "chat_old",
      id,
      { content: text },
      outcome?.ok ? JSON.stringify([...outcome.vector]) : "{}",
    );
  });
  await machine.qdrant.changeAliases([{ create_alias: { collection_name: "chat_old", alias_name: "chat" } }]);
  await machine.ledger.create(
    "queries/labelled.jsonl",
    queries.map((query) => `${JSON.stringify(query)}\n`).join(""),
  );
  searchFast(machine);
  return machine;
}

/** The stored numbers are read from their text once, not for every search. */
function searchFast({ qdrant }: StoryMachine): void {
  const numbers = new WeakMap<Point, Float32Array>();
  const numbersOf = (point: Point): Float32Array => {
    const known = numbers.get(point) ?? vectorNumbers(point.vectors, "") ?? new Float32Array();
    numbers.set(point, known);
    return known;
  };
  qdrant.search = async (name, vector, limit): Promise<readonly SearchHit[]> =>
    [...qdrant.points(name).values()]
      .map((point) => ({ id: point.id, payload: point.payload, score: cosine(vector, numbersOf(point)) }))
      .sort((a, b) => b.score - a.score)
      .slice(0, limit);
}
