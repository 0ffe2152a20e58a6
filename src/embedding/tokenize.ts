import { readFile } from "node:fs/promises";
import { type BertNormalizerConfig, Tokenizer, type TokenizerFile } from "@huggingface/tokenizers";
import { ConfigError } from "../migration/errors.ts";
import { normalizeBert, splitWords } from "./bert.ts";

/** A text as the model sees it. */
export interface TokenizedText {
  /** With special tokens, at most the contract's maximum. */
  readonly ids: Int32Array;
  /** Tokens beyond the maximum, which the model does not see. */
  readonly lost: number;
}

export type Tokenize = (text: string) => TokenizedText;

const isBert = (normalizer: TokenizerFile["normalizer"]): normalizer is BertNormalizerConfig =>
  normalizer?.type === "BertNormalizer";

/** The library's tokenizer, with the reference's rules where the library's own differ. */
function loadTokenizer(path: string, text: string): Tokenizer {
  try {
    const file: TokenizerFile = JSON.parse(text);
    const tokenizer = new Tokenizer(file, {});
    const { normalizer } = file;
    if (isBert(normalizer)) tokenizer.normalizer = (section) => normalizeBert(section, normalizer);
    if (file.pre_tokenizer?.type === "BertPreTokenizer") tokenizer.pre_tokenizer = splitWords;
    return tokenizer;
  } catch (cause) {
    throw new ConfigError(`The tokenizer ${path} cannot be loaded; fetch the model again.`, { cause });
  }
}

/** The special tokens around a text: how many before it, and those after it. */
function specialsOf(tokenizer: Tokenizer): { before: readonly number[]; after: readonly number[] } {
  const probe = "a";
  const bare = tokenizer.encode(probe, { add_special_tokens: false }).ids;
  const whole = tokenizer.encode(probe).ids;
  const start = whole.findIndex((_, at) => bare.every((id, i) => whole[at + i] === id));
  return { before: whole.slice(0, start), after: whole.slice(start + bare.length) };
}

/**
 * A tokenizer that cuts to `maxTokens` and keeps the special tokens at the end, as the reference does.
 * What tokenizer.json itself says about truncation and padding is not used: it is wrong in published models.
 * @throws ConfigError when the file is no tokenizer, or `maxTokens` leaves no room for text.
 */
export async function openTokenizer(path: string, maxTokens: number): Promise<Tokenize> {
  const tokenizer = loadTokenizer(path, await readFile(path, "utf8"));
  const { before, after } = specialsOf(tokenizer);
  const room = maxTokens - before.length - after.length;
  if (room < 1)
    throw new ConfigError(
      `The model takes ${maxTokens} tokens, its tokenizer ${path} adds ${before.length + after.length} of its own; correct maxTokens.`,
    );
  return (text) => {
    // A lone surrogate has no UTF-8 form: it becomes U+FFFD, as in any text that went over a wire.
    const ids = tokenizer.encode(text.toWellFormed(), { add_special_tokens: false }).ids;
    const kept = ids.length > room ? ids.slice(0, room) : ids;
    return { ids: Int32Array.from([...before, ...kept, ...after]), lost: ids.length - kept.length };
  };
}
