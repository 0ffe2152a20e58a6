import { silenceRuntime } from "../config.ts";
import type { BatchRequest, WorkerModel } from "./model-worker.ts";
import { startThread, type Thread } from "./thread.ts";
import type { TokenizedText } from "./tokenize.ts";
import type { FlatTokens } from "./tokenizer-worker.ts";

export interface Session {
  /**
   * Runs one batch; the buffers are given away.
   * @returns `[rows, dimensions]`.
   * @throws Error when the model refuses the batch; TransientError when the thread died.
   */
  run(request: BatchRequest): Promise<Float32Array>;
}

/** What a thread does, as long as it lives. */
type Living = Pick<Thread<unknown, unknown>, "ended" | "end">;

export type RunningSession = Session & Living;

/**
 * Loads a graph in a thread of its own.
 * @throws ConfigError when the runtime cannot load the graph.
 */
export async function startSession(name: string, model: WorkerModel): Promise<RunningSession> {
  const file = new URL("./model-worker.ts", import.meta.url);
  silenceRuntime();
  const thread = await startThread<BatchRequest, Float32Array>(`Model ${name}`, file, model);
  return {
    run: (request) => thread.ask(request, [request.ids.buffer, request.lengths.buffer]),
    ended: thread.ended,
    end: thread.end,
  };
}

/** Texts, prefix included, to what the model sees of them. */
export type TokenizeTexts = (texts: readonly string[]) => Promise<readonly TokenizedText[]>;

export interface RunningTokenizer extends Living {
  readonly tokenize: TokenizeTexts;
}

/**
 * Loads a tokenizer in a thread of its own: the next texts are tokenized while the model runs.
 * @throws ConfigError when the file is no tokenizer.
 */
export async function startTokenizer(
  name: string,
  path: string,
  maxTokens: number,
): Promise<RunningTokenizer> {
  const file = new URL("./tokenizer-worker.ts", import.meta.url);
  const what = `The tokenizer of model ${name}`;
  const thread = await startThread<readonly string[], FlatTokens>(what, file, { path, maxTokens });
  const tokenize: TokenizeTexts = async (texts) => {
    const { ids, lengths, lost } = await thread.ask(texts);
    let at = 0;
    return Array.from(lengths, (length, index) => {
      at += length;
      return { ids: ids.subarray(at - length, at), lost: lost[index] ?? 0 };
    });
  };
  return { tokenize, ended: thread.ended, end: thread.end };
}
