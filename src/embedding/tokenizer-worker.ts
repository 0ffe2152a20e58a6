// Runs in a worker thread: a text of 100,000 characters takes up to half a second, which the event loop of a process
// that also reads and writes must not wait for.
import { serveThread } from "./thread.ts";
import { openTokenizer } from "./tokenize.ts";

export interface TokenizerData {
  readonly path: string;
  readonly maxTokens: number;
}

/** Tokens of several texts, one behind the other. */
export interface FlatTokens {
  readonly ids: Int32Array<ArrayBuffer>;
  readonly lengths: Int32Array<ArrayBuffer>;
  readonly lost: Int32Array<ArrayBuffer>;
}

serveThread<TokenizerData, readonly string[], FlatTokens>(async ({ path, maxTokens }) => {
  const tokenize = await openTokenizer(path, maxTokens);
  return async (texts) => {
    const tokenized = texts.map(tokenize);
    const lengths = Int32Array.from(tokenized, ({ ids }) => ids.length);
    const ids = new Int32Array(lengths.reduce((sum, length) => sum + length, 0));
    let at = 0;
    for (const text of tokenized) {
      ids.set(text.ids, at);
      at += text.ids.length;
    }
    const result = { ids, lengths, lost: Int32Array.from(tokenized, ({ lost }) => lost) };
    return { result, transfer: [ids.buffer, lengths.buffer, result.lost.buffer] };
  };
});
