import type { ModelContract } from "../migration/model.ts";
import type { Embedded, Embedder } from "../migration/ports.ts";
import { type Batch, planBatches } from "./batches.ts";
import { recognizeModel } from "./recognition.ts";
import type { Session, TokenizeTexts } from "./session.ts";
import type { TokenizedText } from "./tokenize.ts";

/** Why a text has no vector. Stable codes: they stand in records and reports. */
export const EMBED_REASONS = {
  /** The model failed on this text alone. */
  modelFailed: "model-failed",
  /** The vector holds NaN or an infinity. */
  notFinite: "vector-not-finite",
  /** The vector is all zeros: it points nowhere. */
  zero: "vector-zero",
} as const;

// Padded tokens of one run of the model: enough to fill a thread, few enough that activations stay in the
// second-level cache. Between 128 (best with 512 kB of it) and 512 (2 MB) rates differ by less than a tenth.
const BATCH_TOKENS_MAX = 256;
// Texts tokenized and sorted at a time: enough that neighbours in length fit, little enough to hold.
const WINDOW_TEXTS = 256;
// Windows under way: one runs while the next is tokenized.
const WINDOWS_MAX = 2;
// Batches of a window that wait at the model: one runs, one is ready when it ends. More would keep the batches of
// another call waiting, for instance a reader's query.
const BATCHES_WAITING = 2;

export interface EmbedderParts {
  readonly contract: ModelContract;
  readonly padTokenId: number;
  readonly tokenize: TokenizeTexts;
  readonly session: Session;
}

/** Text to vector with one loaded model. */
export function createEmbedder(parts: EmbedderParts): Embedder {
  const { contract } = parts;
  return {
    contract,
    async embed(texts, kind) {
      const prefix = kind === "query" ? contract.queryPrefix : contract.passagePrefix;
      const distinct = [...new Set(texts)];
      const outcomes = new Map<string, Embedded>();
      const running: Promise<void>[] = [];
      for (let start = 0; start < distinct.length; start += WINDOW_TEXTS) {
        if (running.length >= WINDOWS_MAX) await running.shift();
        const window = distinct.slice(start, start + WINDOW_TEXTS);
        const tokenized = await parts.tokenize(window.map((text) => prefix + text));
        const embedding = embedWindow(parts, window, tokenized, outcomes);
        // Awaited below; a failure meanwhile must not be an unhandled one.
        embedding.catch(() => {});
        running.push(embedding);
      }
      await Promise.all(running);
      return texts.map((text) => outcomes.get(text) ?? failed(EMBED_REASONS.modelFailed));
    },
    async recognize() {
      // Prefixes aside: a wrong one must not hide which model it is.
      const plain = createEmbedder({ ...parts, contract: { ...contract, passagePrefix: "" } });
      return recognizeModel(contract, (texts) => plain.embed(texts, "passage"));
    },
  };
}

const failed = (reason: string): Embedded => ({ ok: false, reason });

async function embedWindow(
  parts: EmbedderParts,
  texts: readonly string[],
  tokenized: readonly TokenizedText[],
  outcomes: Map<string, Embedded>,
): Promise<void> {
  const lengths = tokenized.map(({ ids }) => ids.length);
  // Both lanes take from the same iterator, so that neither waits for the other.
  const batches = planBatches(lengths, BATCH_TOKENS_MAX).values();
  const lane = async () => {
    for (const batch of batches) {
      const found = await embedBatch(parts, tokenized, batch);
      batch.rows.forEach((row, index) => {
        outcomes.set(texts[row] ?? "", found[index] ?? failed(EMBED_REASONS.modelFailed));
      });
    }
  };
  await Promise.all(Array.from({ length: BATCHES_WAITING }, lane));
}

/** A batch that fails is run again text by text, so that one text cannot fail its neighbours. */
async function embedBatch(
  parts: EmbedderParts,
  tokenized: readonly TokenizedText[],
  batch: Batch,
): Promise<readonly Embedded[]> {
  const rows = batch.rows.flatMap((row) => tokenized[row] ?? []);
  try {
    return outcomesOf(rows, await runBatch(parts, rows, batch.width), parts.contract.dimensions);
  } catch (error) {
    if (isOutside(error)) throw error;
    if (rows.length === 1) return [failed(EMBED_REASONS.modelFailed)];
  }
  const alone = batch.rows.map((row) => ({ rows: [row], width: tokenized[row]?.ids.length ?? 0 }));
  return (await Promise.all(alone.map((one) => embedBatch(parts, tokenized, one)))).flat();
}

/** The thread is gone: no fault of a text. */
const isOutside = (error: unknown): boolean => error instanceof Error && error.name === "TransientError";

function runBatch(
  { session, padTokenId }: EmbedderParts,
  rows: readonly TokenizedText[],
  width: number,
): Promise<Float32Array> {
  const ids = new BigInt64Array(rows.length * width);
  if (padTokenId !== 0) ids.fill(BigInt(padTokenId));
  // Token ids are small and positive: the lower half of each little-endian int64 is all there is to write.
  const halves = new Int32Array(ids.buffer);
  rows.forEach((row, at) => {
    for (let i = 0; i < row.ids.length; i++) halves[2 * (at * width + i)] = row.ids[i] ?? 0;
  });
  return session.run({ ids, lengths: Int32Array.from(rows, ({ ids }) => ids.length), width });
}

/** @param vectors `[rows, dimensions]`. */
function outcomesOf(rows: readonly TokenizedText[], vectors: Float32Array, dimensions: number): Embedded[] {
  return rows.map(({ ids, lost }, row) => {
    // A copy: a view would keep the whole batch alive as long as one of its vectors.
    const vector = vectors.slice(row * dimensions, (row + 1) * dimensions);
    if (!vector.every(Number.isFinite)) return failed(EMBED_REASONS.notFinite);
    if (vector.every((value) => value === 0)) return failed(EMBED_REASONS.zero);
    return { ok: true, vector, tokens: ids.length, tokensLost: lost };
  });
}
