// Which published model is this, whatever it is called, and is it used as its makers mean it? A wrong pooling or a
// missing prefix costs so little that no ranking sees it (docs/quality.md); known vectors do.
import type { ModelContract } from "../migration/model.ts";
import type { Embedded, Recognition } from "../migration/ports.ts";
import { cosine } from "./answers.ts";
import { KNOWN_MODELS, type KnownModel } from "./models.ts";
import { PUBLISHED } from "./published.ts";

// One word in small letters, which nearly every tokenizer cuts alike; capitals and punctuation; accents, letters of
// other scripts and emoji. Those of vectors.py, whose answers these are.
export const PROBES: readonly string[] = [
  "king",
  "The cat sat on the mat.",
  "naïve café — 東京 𠮷野家 🙂 👩🏽‍🚀 don't",
];

// 8-bit copies of the same weights gave 0.9992 and more; the other pooling of bge-small gives 0.984 for one word and 0.95
// for a sentence, other models less than 0.4.
const SAME = 0.99;
// A wrong tokenizer gave 0.954 and less. What lies between this and `SAME` may be another training of the same model.
const OTHER = 0.97;

type Answer = (texts: readonly string[]) => Promise<readonly Embedded[]>;

/** @param answer embeds texts as they are, without a prefix. */
export async function recognizeModel(contract: ModelContract, answer: Answer): Promise<Recognition> {
  const byFile = KNOWN_MODELS.find((known) => isFileOf(known, contract));
  const vectors = (await answer(PROBES)).map((one) => (one.ok ? one.vector : new Float32Array()));
  for (const [name, { right, otherPooling }] of Object.entries(PUBLISHED)) {
    const known = KNOWN_MODELS.find((one) => one.name === name);
    if (known === undefined || known.dimensions !== contract.dimensions) continue;
    const asPublished = likeness(vectors, right);
    const otherwise = likeness(vectors, otherPooling);
    if (isSame(asPublished)) return judge(known, contract, []);
    if (isSame(otherwise)) return judge(known, contract, [poolingDoubt(known)]);
    if (hasOtherTokenizer(asPublished) || hasOtherTokenizer(otherwise))
      return judge(known, contract, [tokenizerDoubt(known)]);
  }
  if (byFile === undefined) return { known: null, doubts: [] };
  const { pooling } = contract;
  const isPoolingRight = pooling === "pooled" || pooling === byFile.pooling;
  return judge(byFile, contract, isPoolingRight ? [] : [poolingDoubt(byFile)]);
}

const isFileOf = ({ files, graph }: KnownModel, contract: ModelContract): boolean =>
  graph !== null && files[graph] !== undefined && Object.values(contract.files).includes(files[graph]);

function judge(known: KnownModel, contract: ModelContract, doubts: readonly string[]): Recognition {
  const prefixes = (["queryPrefix", "passagePrefix"] as const)
    .filter((key) => contract[key] !== known[key])
    .map(
      (key) =>
        `its ${key === "queryPrefix" ? "queries" : "passages"} are prefixed with ${JSON.stringify(contract[key])}, ${known.name} is made for ${JSON.stringify(known[key])}`,
    );
  return { known: known.name, doubts: [...doubts, ...prefixes] };
}

const POOLINGS = { cls: "the first token", mean: "the mean of the tokens", pooled: "the graph's own vector" };

const poolingDoubt = ({ name, pooling }: KnownModel): string =>
  `its pooling is another one than that of ${name}, which takes ${POOLINGS[pooling]}`;

const tokenizerDoubt = ({ name }: KnownModel): string =>
  `it agrees with ${name} on a plain word and not on capitals or accents: the tokenizer is another one`;

const likeness = (vectors: readonly Float32Array[], packed: readonly string[]): readonly number[] =>
  packed.map((text, index) => cosine(vectors[index] ?? [], new Int8Array(Buffer.from(text, "base64"))));

const isSame = (cosines: readonly number[]): boolean => cosines.every((one) => one >= SAME);

const hasOtherTokenizer = ([word = 0, ...others]: readonly number[]): boolean =>
  word >= SAME && others.some((one) => one < OTHER);
