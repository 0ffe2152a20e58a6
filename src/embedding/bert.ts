import type { BertNormalizerConfig } from "@huggingface/tokenizers";

const CONTROL = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/u;
const SPACE = /\p{White_Space}/u;

// The blocks the reference calls Chinese; both ends are part of a range. Those beyond U+FFFF count too.
const CHINESE: readonly (readonly [number, number])[] = [
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xf900, 0xfaff],
  [0x20000, 0x2a6df],
  [0x2a700, 0x2b73f],
  [0x2b740, 0x2b81f],
  [0x2b920, 0x2ceaf],
  [0x2f800, 0x2fa1f],
];

const isChinese = (code: number): boolean => CHINESE.some(([from, to]) => code >= from && code <= to);

/** Removes control characters, turns every white space into a blank. */
function clean(text: string): string {
  let cleaned = "";
  for (const char of text) {
    if (char === "\t" || char === "\n" || char === "\r") cleaned += " ";
    else if (char === "\0" || char === "\ufffd" || CONTROL.test(char)) continue;
    else cleaned += SPACE.test(char) ? " " : char;
  }
  return cleaned;
}

function spaceChinese(text: string): string {
  let spaced = "";
  for (const char of text) spaced += isChinese(char.codePointAt(0) ?? 0) ? ` ${char} ` : char;
  return spaced;
}

const stripAccents = (text: string): string => text.normalize("NFD").replace(/\p{Mn}/gu, "");

/** Character by character: JavaScript's own rule for a sigma at the end of a word is not the reference's. */
function lowerCase(text: string): string {
  let lower = "";
  for (const char of text) lower += char.toLowerCase();
  return lower;
}

/**
 * What the reference implementation's BertNormalizer does, in its order: clean, space Chinese, strip accents,
 * lower case.
 */
export function normalizeBert(text: string, config: BertNormalizerConfig): string {
  let normalized = text;
  if (config.clean_text ?? true) normalized = clean(normalized);
  if (config.handle_chinese_chars ?? true) normalized = spaceChinese(normalized);
  if (config.strip_accents ?? config.lowercase ?? true) normalized = stripAccents(normalized);
  return (config.lowercase ?? true) ? lowerCase(normalized) : normalized;
}
