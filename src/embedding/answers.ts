import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../migration/errors.ts";
import type { Embedder } from "../migration/ports.ts";
import { ANSWERS_FILE } from "./directory.ts";
import { adviseRenewal } from "./renewal.ts";

/** A text whose vector is known, from the reference implementation. */
export interface KnownAnswer {
  readonly text: string;
  readonly vector: readonly number[];
}

interface Answers {
  readonly cases: readonly KnownAnswer[];
  /** Least cosine to the known vector. */
  readonly cosineMin: number;
}

// A file of 8-bit weights gives 0.9997 and more to answers that another processor computed with other kernels.
// A wrong pooling or a missing prefix lies far below.
const COSINE_MIN = 0.999;
// Answers are looked at while the process starts: short texts, and few of them.
const ANSWER_CHARS_MAX = 200;
const ANSWERS_MAX = 3;

export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] ?? 0;
    const y = b[i] ?? 0;
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return dot / Math.sqrt(aa * bb);
}

function isAnswer(value: unknown): value is KnownAnswer {
  return (
    typeof value === "object" &&
    value !== null &&
    "text" in value &&
    typeof value.text === "string" &&
    "vector" in value &&
    Array.isArray(value.vector) &&
    value.vector.every((one) => Number.isFinite(one))
  );
}

/**
 * Known answers of a model's directory; null when it has none.
 * @throws ConfigError when the file is there and cannot be used.
 */
async function readAnswers(directory: string): Promise<Answers | null> {
  const path = join(directory, ANSWERS_FILE);
  const text = await readFile(path, "utf8").catch(() => null);
  if (text === null) return null;
  try {
    const parsed: { readonly cases?: unknown; readonly cosineMin?: unknown } = JSON.parse(text);
    const cosineMin = parsed.cosineMin ?? COSINE_MIN;
    if (!Array.isArray(parsed.cases) || !parsed.cases.every(isAnswer) || typeof cosineMin !== "number")
      throw new Error("it needs cases with text and vector");
    return { cases: parsed.cases, cosineMin };
  } catch (cause) {
    throw new ConfigError(`The known answers ${path} cannot be used; ${adviseRenewal(directory)}`, { cause });
  }
}

/**
 * Embeds known texts and compares: another processor, a damaged file, a wrong pooling or a wrong tokenizer
 * would otherwise give vectors of the right length and quietly bad search.
 * @throws ConfigError on a mismatch.
 */
export async function checkAnswers(directory: string, embedder: Embedder): Promise<void> {
  const answers = await readAnswers(directory);
  if (answers === null) return;
  const cases = answers.cases
    .filter(({ text }) => text !== "" && text.length <= ANSWER_CHARS_MAX)
    .slice(0, ANSWERS_MAX);
  const found = await embedder.embed(
    cases.map(({ text }) => text),
    "passage",
  );
  cases.forEach(({ vector }, index) => {
    const outcome = found[index];
    const likeness =
      outcome?.ok && outcome.vector.length === vector.length ? cosine(outcome.vector, vector) : 0;
    if (!(likeness >= answers.cosineMin))
      throw new ConfigError(
        `Model ${embedder.contract.id} refuses to start: its vector of known text ${index + 1} has cosine ${likeness.toFixed(6)} to the known answer in ${directory}, at least ${answers.cosineMin} is needed. The files, the description or this processor's arithmetic are not those the answer was made with; ${adviseRenewal(directory)}`,
        { fields: { model: embedder.contract.id, cosine: likeness } },
      );
  });
}

// Words, punctuation, a number, letters beyond ASCII: what a wrong tokenizer would cut another way.
const RECORDED_TEXTS = ["king", "The cat sat on the mat.", "naïve café, 東京: don't pay $9.99!"];

/**
 * Writes known answers for a model that came without: what it answers here and now, from files that were just
 * verified. They catch what changes later: another processor, another runtime, a wrong description.
 */
export async function recordAnswers(directory: string, embedder: Embedder): Promise<void> {
  const found = await embedder.embed(RECORDED_TEXTS, "passage");
  const cases = found.flatMap((outcome, index) =>
    outcome.ok ? [{ text: RECORDED_TEXTS[index] ?? "", vector: Array.from(outcome.vector) }] : [],
  );
  await writeFile(
    join(directory, ANSWERS_FILE),
    `${JSON.stringify({ model: embedder.contract.id, cases })}\n`,
  );
}

export const hasAnswers = async (directory: string): Promise<boolean> =>
  (await readAnswers(directory)) !== null;
