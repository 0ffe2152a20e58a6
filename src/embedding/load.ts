import { join } from "node:path";
import type { Embedder } from "../migration/ports.ts";
import { checkAnswers } from "./answers.ts";
import { type LocatedModel, TOKENIZER_FILE } from "./directory.ts";
import { createEmbedder } from "./embed.ts";
import { type RunningSession, type RunningTokenizer, startSession, startTokenizer } from "./session.ts";
import { verifyFiles } from "./sums.ts";

/** A model whose threads run. */
export interface LoadedModel {
  readonly embedder: Embedder;
  /** Settles when one of its threads died: from then on every call throws TransientError. */
  readonly ended: Promise<void>;
}

/**
 * Loads one model, every time anew. Its files are hashed meanwhile; a wrong hash is reported before what the
 * runtime says about it. No thread outlives a failure: what is tried again and again must not fill the memory.
 * @throws ConfigError when a file is damaged, cannot be loaded, or gives other answers than the known ones.
 */
export async function startModel(model: LocatedModel, threads: number): Promise<LoadedModel> {
  const { directory, description, contract } = model;
  const [verified, started] = await Promise.allSettled([
    verifyFiles(directory, contract.files),
    startParts(model, threads),
  ]);
  if (started.status === "rejected") throw verified.status === "rejected" ? verified.reason : started.reason;
  const { session, tokenizer } = started.value;
  const end = () => Promise.all([session.end(), tokenizer.end()]);
  try {
    if (verified.status === "rejected") throw verified.reason;
    const { padTokenId } = description;
    const embedder = createEmbedder({ contract, padTokenId, tokenize: tokenizer.tokenize, session });
    await checkAnswers(directory, embedder);
    // One thread without the other is of no use.
    const ended = Promise.race([session.ended, tokenizer.ended]).then(async () => void (await end()));
    return { embedder, ended };
  } catch (error) {
    await end();
    throw error;
  }
}

/** `startModel` for who needs it once and to the end of the process. */
export const loadModel = async (model: LocatedModel, threads: number): Promise<Embedder> =>
  (await startModel(model, threads)).embedder;

interface Parts {
  readonly session: RunningSession;
  readonly tokenizer: RunningTokenizer;
}

/** Both or none. */
async function startParts({ directory, description, graph }: LocatedModel, threads: number): Promise<Parts> {
  const { name, inputs, output, pooling, normalized, dimensions, maxTokens } = description;
  const shape = { inputs, output, pooling, normalized, dimensions };
  const [tokenizer, session] = await Promise.allSettled([
    startTokenizer(name, join(directory, TOKENIZER_FILE), maxTokens),
    startSession(name, { graphPath: join(directory, graph), threads, ...shape }),
  ]);
  if (tokenizer.status === "rejected") {
    if (session.status === "fulfilled") await session.value.end();
    throw tokenizer.reason;
  }
  if (session.status === "rejected") {
    await tokenizer.value.end();
    throw session.reason;
  }
  return { session: session.value, tokenizer: tokenizer.value };
}
