import { type Random, seeded } from "./random.ts";

const WORDS =
  `the a to and I you it was is of in that for my we on so with really just have been about going yesterday
  weekend sister hiking mountains appointment doctor birthday painting pottery guitar university research adoption
  counselling electroencephalographically tokenization unbelievable running ran runs don't can't I'm we've
  e-mail state-of-the-art 3.14 2,000 #hashtag @someone https://example.org/a?b=c&d=1 foo_bar() C++ $9.99 50%`
    .split(/\s+/)
    .filter((word) => word !== "");
const ACCENTED =
  "naïve café Ångström über Łódź Ñandú İstanbul ΟΔΥΣΣΕΥΣ ΣΑΣ ß ﬁne Ǆ ǰ ΐ e\u0301 n\u0303o a\u0328\u0301 Ắ".split(
    " ",
  );
const SCRIPTS =
  "東京 中文字符 日本語テキスト カタカナ ﾊﾝｶｸ 한국어 ภาษาไทย हिन्दी עִבְרִית العَرَبِيَّة Русский й Ελληνικά ქართული አማርኛ 𠀀 𠮷野家 𪜀 𫝀 𫠠 𬺰 𰀀 豈 丽 〇 々".split(
    " ",
  );
const EMOJI = "🙂 👨‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈 🇩🇪 1️⃣ ❤️ ☺︎ 🫠 ©️ ™".split(" ");
const CONTROLS = [
  "\0",
  "\u0001",
  "\u0007",
  "\b",
  "\u001b[31m",
  "\u007f",
  "\u0085",
  "\u00ad",
  "\u200b",
  "\u200d",
  "\u2028",
  "\ufeff",
  "\ufffd",
  "\ufffe",
  "\ue000",
  "\u{e0001}",
  "\u{f0000}",
  "\u061c",
  "\u202e",
];
const SPACES = [" ", " ", " ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u2003", "\u3000", "\u1680", "\v", "\f"];
const SPECIALS =
  "[CLS] [SEP] [MASK] [PAD] [UNK] <s> </s> <mask> <pad> <unk> [cls] [MASK][MASK] x[SEP]y".split(" ");
const SURROGATES = ["\ud800", "\udfff", "\udc00\ud800", "a\ud83d", "\ude42b"];
const PUNCTUATION = "... — “quoted” ¿qué? ¡no! «so» ‽ ・ 、。 ٪ ՞ ׃ ⁂ ₿ € ± × ÷ → ∑ ^_^ `x` ~ | \\ ⸘ ⹃".split(
  " ",
);

type Maker = (random: Random) => string;

const randomCode = (random: Random, below: number): string => {
  const code = random.int(below);
  return code >= 0xd800 && code < 0xe000 ? "x" : String.fromCodePoint(code);
};
const repeated = (random: Random, most: number, make: Maker): string =>
  Array.from({ length: 1 + random.int(most) }, () => make(random)).join("");

/** What a text is made of; the first ones are most of it. */
const PIECES: readonly (readonly [number, Maker])[] = [
  [60, (random) => random.pick(WORDS)],
  [6, (random) => random.pick(WORDS).toUpperCase()],
  [6, (random) => random.pick(ACCENTED)],
  [6, (random) => random.pick(SCRIPTS)],
  [5, (random) => random.pick(PUNCTUATION)],
  [4, (random) => random.pick(EMOJI)],
  [3, (random) => random.pick(CONTROLS)],
  [2, (random) => random.pick(SPECIALS)],
  [2, (random) => random.pick(SURROGATES)],
  [2, (random) => repeated(random, 12, () => randomCode(random, 0x3000))],
  [2, (random) => repeated(random, 6, () => randomCode(random, 0x10000))],
  [1, (random) => repeated(random, 4, () => randomCode(random, 0x110000))],
  [1, (random) => repeated(random, 140, () => random.pick(["a", "b", "é", "字", "\u0301"]))],
];
const DECK: readonly Maker[] = PIECES.flatMap(([weight, make]) => Array.from({ length: weight }, () => make));

function generateText(random: Random, pieces: number): string {
  let text = "";
  for (let piece = 0; piece < pieces; piece++)
    text += random.pick(DECK)(random) + (random.int(8) === 0 ? "" : random.pick(SPACES));
  return text;
}

/** Most texts are a sentence, some are empty, some are beyond every model's maximum of tokens. */
function lengthOf(random: Random): number {
  const kind = random.int(100);
  if (kind === 0) return 0;
  if (kind < 4) return 200 + random.int(500);
  return 1 + random.int(kind < 60 ? 8 : 40);
}

/** Texts as they may come from anywhere, and some that should come from nowhere; two of 100,000 characters. */
export function generateTexts(count: number, seed: number): string[] {
  const random = seeded(seed);
  const texts = Array.from({ length: count - 2 }, () => generateText(random, lengthOf(random)));
  const long = generateText(random, 20_000).slice(0, 100_000);
  return [...texts, long, "字".repeat(50_000) + "a".repeat(50_000)];
}

/** The texts the reference implementation was asked about (test/embedding/reference/). */
export const referenceTexts = (): string[] => generateTexts(20_000, 5);
