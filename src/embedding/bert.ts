import type { BertNormalizerConfig } from "@huggingface/tokenizers";
import { CHINESE, DECOMPOSABLE, DROPPED, MARKS, WHITE_SPACE, WORDS } from "./unicode.ts";

/** A sigma at the end of a word has a lower case of its own in JavaScript, and none in the reference. */
const lowerCase = (text: string): string => text.replaceAll("Σ", "σ").toLowerCase();

const stripAccents = (text: string): string =>
  text.replace(DECOMPOSABLE, (run) => run.normalize("NFD")).replace(MARKS, "");

/**
 * What the reference implementation's BertNormalizer does, in its order: clean, space Chinese, strip accents,
 * lower case. https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/normalizers/bert.rs
 */
export function normalizeBert(text: string, config: BertNormalizerConfig): string {
  let normalized = text;
  if (config.clean_text ?? true) normalized = normalized.replace(DROPPED, "").replace(WHITE_SPACE, " ");
  if (config.handle_chinese_chars ?? true) normalized = normalized.replace(CHINESE, " $& ");
  const lowers = config.lowercase ?? true;
  if (config.strip_accents ?? lowers) normalized = stripAccents(normalized);
  return lowers ? lowerCase(normalized) : normalized;
}

/** What its BertPreTokenizer does: words, and every punctuation character alone. */
export const splitWords = (text: string): string[] => text.match(WORDS) ?? [];
