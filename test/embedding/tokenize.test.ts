import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import { normalizeBert, splitWords } from "../../src/embedding/bert.ts";
import { BUILT_IN_DIR } from "../../src/embedding/directory.ts";
import { openTokenizer } from "../../src/embedding/tokenize.ts";
import { sharedPath } from "../support/shared.ts";
import { referenceTexts } from "../support/texts.ts";
import characters from "./reference/characters.golden.json" with { type: "json" };
import golden from "./reference/tokens.golden.json" with { type: "json" };

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const TEXTS_OF_REFERENCE = referenceTexts();
const BUILT_IN_TOKENIZER = join(BUILT_IN_DIR, "static-384-8k/tokenizer.json");

/** Numbers of the blocks whose hash is another one. */
function differingBlocks(lines: readonly string[], blocks: readonly string[], block: number): number[] {
  return blocks.flatMap((hash, index) => {
    const found = sha256(lines.slice(index * block, (index + 1) * block).join("\n")).slice(0, 16);
    return found === hash ? [] : [index];
  });
}

test("the generated texts are those the reference tokenized", () => {
  const texts = TEXTS_OF_REFERENCE.map((text) => text.toWellFormed()).join("\n");

  assert.equal(sha256(texts), golden.textsSha256);
});

const MODELS = [
  { name: "static-384-8k", directory: join(BUILT_IN_DIR, "static-384-8k"), maxTokens: 256 },
  { name: "minilm-l6-v2", directory: sharedPath("models/minilm-l6-v2"), maxTokens: 256 },
  { name: "mpnet-base-v2", directory: sharedPath("models/mpnet-base-v2"), maxTokens: 384 },
] as const;

for (const { name, directory, maxTokens } of MODELS)
  test(`${name} tokenizes 20,000 texts as the reference does, and counts what it cuts off`, async (t) => {
    if (directory === null) return t.skip(`${name} is not beside the project`);
    const tokenize = await openTokenizer(join(directory, "tokenizer.json"), maxTokens);

    const tokenized = TEXTS_OF_REFERENCE.map(tokenize);

    const lines = tokenized.map(({ ids, lost }) => `${ids.join()}|${lost}`);
    assert.deepEqual(differingBlocks(lines, golden.models[name].blocks, golden.block), []);
    assert.equal(tokenized.filter(({ lost }) => lost > 0).length, golden.models[name].cut);
  });

test("every code point is normalised and cut into words as the reference does", () => {
  const lines = Array.from({ length: 0x110000 }, (_, code) => {
    if (code >= 0xd800 && code < 0xe000) return "";
    const text = `a${String.fromCodePoint(code)}b`;
    return `${normalizeBert(text, { type: "BertNormalizer" })}\x1f${splitWords(text).join("\x1e")}`;
  });

  assert.deepEqual(differingBlocks(lines, characters.blocks, characters.block), []);
});

test("a text beyond the maximum keeps its end token and says what it lost", async () => {
  const tokenize = await openTokenizer(BUILT_IN_TOKENIZER, 16);
  const whole = await openTokenizer(BUILT_IN_TOKENIZER, 10_000);
  const text = "the cat sat on the mat ".repeat(20);

  const { ids, lost } = tokenize(text);

  assert.equal(ids.length, 16);
  assert.equal(ids.at(-1), whole(text).ids.at(-1));
  assert.equal(ids.length + lost, whole(text).ids.length);
});

test("a lone surrogate is what UTF-8 makes of it, and NUL is nothing", async () => {
  const tokenize = await openTokenizer(BUILT_IN_TOKENIZER, 256);

  assert.deepEqual(tokenize("a \ud800 cat"), tokenize("a \ufffd cat"));
  assert.deepEqual(tokenize("a c\0at"), tokenize("a cat"));
});

test("a maximum without room for text is refused", async () => {
  await assert.rejects(openTokenizer(BUILT_IN_TOKENIZER, 2), {
    name: "ConfigError",
    message: /takes 2 tokens/,
  });
});

test("a file that is no tokenizer is refused with its name", async () => {
  await assert.rejects(openTokenizer(join(BUILT_IN_DIR, "static-384-8k/config.json"), 256), {
    name: "ConfigError",
    message: /config\.json cannot be loaded/,
  });
});
