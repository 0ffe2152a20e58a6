import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cosine } from "../../src/embedding/answers.ts";
import { openModels } from "../../src/embedding/open.ts";
import type { Embedded, Embedder } from "../../src/migration/ports.ts";
import { sharedPath } from "../support/shared.ts";

interface Golden {
  readonly cases: readonly {
    readonly kind: "passage" | "query";
    readonly text: string;
    readonly tokens: number;
    readonly float32: string;
  }[];
}

const COSINE_MIN = 0.9999;
const BUILT_IN = ["static-384-8k", "static-768-8k"];
const BESIDE = ["minilm-l6-v2", "bge-small-en-v1.5", "mpnet-base-v2"];

const sharedModels = sharedPath("models");
const models = openModels({ modelDir: sharedModels, defaultModel: null, dimensions: null, threads: 1 });

const isHere = (name: string): boolean =>
  BUILT_IN.includes(name) || (sharedModels !== null && existsSync(join(sharedModels, name)));

function readGolden(name: string): Golden {
  return JSON.parse(readFileSync(join(import.meta.dirname, `reference/${name}.golden.json`), "utf8"));
}

function decode(float32: string): Float32Array {
  const bytes = new Uint8Array(Buffer.from(float32, "base64"));
  return new Float32Array(bytes.buffer);
}

function vectorOf(outcome: Embedded | undefined): Float32Array {
  assert.ok(outcome?.ok);
  return outcome.vector;
}

async function embedOne(embedder: Embedder, text: string, kind: "passage" | "query"): Promise<Float32Array> {
  return vectorOf((await embedder.embed([text], kind))[0]);
}

for (const name of [...BUILT_IN, ...BESIDE]) {
  const skip = isHere(name) ? false : `SKIPPED: ${name} is not beside the project`;

  test(`${name}: vectors are the reference's, alone and in a batch`, { skip }, async () => {
    const { cases } = readGolden(name);
    const embedder = await models.open(name);

    for (const kind of ["passage", "query"] as const) {
      const ofKind = cases.filter((one) => one.kind === kind);
      const batched = await embedder.embed(
        ofKind.map(({ text }) => text),
        kind,
      );
      for (const [index, { text, tokens, float32 }] of ofKind.entries()) {
        const outcome = batched[index];
        const vector = vectorOf(outcome);
        const alone = await embedOne(embedder, text, kind);

        assert.equal(outcome?.ok && outcome.tokens, tokens);
        assert.ok(cosine(vector, decode(float32)) >= COSINE_MIN, `${kind} ${index} in a batch`);
        assert.ok(1 - cosine(vector, alone) <= 1e-6, `${kind} ${index} alone`);
      }
    }
  });

  test(`${name}: order is kept and the same text gives the same vector`, { skip }, async () => {
    const embedder = await models.open(name);
    const texts = [
      "a cat",
      "a much longer text about a cat and its many adventures",
      "a cat",
      "dogs",
      "a cat",
    ];

    const found = (await embedder.embed(texts, "passage")).map(vectorOf);

    assert.deepEqual(found[2], found[0]);
    assert.deepEqual(found[4], found[0]);
    for (const [index, text] of texts.entries())
      assert.ok(cosine(found[index] ?? [], await embedOne(embedder, text, "passage")) >= 0.999999);
  });
}

test("a query without its prefix would be noticed", { skip: !isHere("bge-small-en-v1.5") }, async () => {
  const query = readGolden("bge-small-en-v1.5").cases.find(({ kind }) => kind === "query");
  assert.ok(query);
  const embedder = await models.open("bge-small-en-v1.5");

  const withoutPrefix = await embedOne(embedder, query.text, "passage");

  assert.ok(cosine(withoutPrefix, decode(query.float32)) < 0.99);
});
