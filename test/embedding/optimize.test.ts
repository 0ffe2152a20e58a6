import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { modelCommand } from "../../bin/model.ts";
import { cosine } from "../../src/embedding/answers.ts";
import { BUILT_IN_DIR, type LocatedModel, locateDirectory } from "../../src/embedding/directory.ts";
import { readOnnx } from "../../src/embedding/fast/onnx-file.ts";
import { optimizeModel } from "../../src/embedding/fast/optimize.ts";
import type { Precision } from "../../src/embedding/fast/rewrite.ts";
import { loadModel } from "../../src/embedding/load.ts";
import type { Embedder } from "../../src/migration/ports.ts";
import { seeded } from "../support/random.ts";
import { type TinyEncoder, writeTinyEncoder } from "../support/tiny-encoder.ts";

const WORDS =
  "the cat sat on a mat and my sister went hiking in mountains while it rained last weekend".split(" ");

function plainTexts(count: number): string[] {
  const random = seeded(11);
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + random.int(30) }, () => random.pick(WORDS)).join(" "),
  );
}

async function located(directory: string): Promise<LocatedModel> {
  const model = await locateDirectory(directory);
  assert.ok(model);
  return model;
}

async function tiny(t: TestContext, encoder: TinyEncoder): Promise<{ model: LocatedModel; out: string }> {
  const out = mkdtempSync(join(tmpdir(), "remaster-tiny-"));
  t.after(() => rmSync(out, { recursive: true }));
  await writeTinyEncoder(join(out, "tiny"), encoder);
  return { model: await located(join(out, "tiny")), out };
}

const optionsFor = (out: string, precision: Precision, texts = plainTexts(120)) => ({
  precision,
  texts,
  out,
  threads: 1,
  onStep: () => {},
});

async function vectors(embedder: Embedder, texts: readonly string[]): Promise<Float32Array[]> {
  const outcomes = await embedder.embed(texts, "passage");
  return outcomes.map((outcome) => {
    assert.ok(outcome.ok);
    return outcome.vector;
  });
}

const ENCODERS: readonly TinyEncoder[] = [
  { pooling: "cls", operatorSet: 17 },
  { pooling: "mean", operatorSet: 18 },
  { pooling: "cls", operatorSet: 11 },
];
const [CLS, MEAN] = [
  { pooling: "cls", operatorSet: 17 },
  { pooling: "mean", operatorSet: 17 },
] as const;

for (const encoder of ENCODERS) {
  const name = `${encoder.pooling}, operator set ${encoder.operatorSet}`;

  test(`${name}: the graph rewritten in float32 gives the same vectors`, async (t) => {
    const { model, out } = await tiny(t, encoder);

    const { directory, loss } = await optimizeModel(model, optionsFor(out, "fp32"));

    assert.ok(loss.cosineMin > 0.999999, `minimum ${loss.cosineMin}`);
    assert.equal((await located(directory)).description.pooling, "pooled");
  });

  test(`${name}: in 16 bits it gives the same vectors, and does not depend on the batch`, async (t) => {
    const { model, out } = await tiny(t, encoder);
    const texts = plainTexts(60);

    const { directory } = await optimizeModel(model, optionsFor(out, "int16"));

    const paired = await loadModel(await located(directory), 1);
    const batched = await vectors(paired, texts);
    const original = await vectors(await loadModel(model, 1), texts);
    for (const [index, vector] of batched.entries()) {
      assert.ok(cosine(vector, original[index] ?? []) > 0.99999);
      const [alone] = await vectors(paired, [texts[index] ?? ""]);
      assert.ok(1 - cosine(vector, alone ?? []) <= 1e-6);
    }
  });

  test(`${name}: the fast file is close, and does not depend on the batch`, async (t) => {
    const { model, out } = await tiny(t, encoder);
    const texts = plainTexts(60);

    const { directory } = await optimizeModel(model, optionsFor(out, "int8"));

    const fast = await loadModel(await located(directory), 1);
    const batched = await vectors(fast, texts);
    const original = await vectors(await loadModel(model, 1), texts);
    for (const [index, vector] of batched.entries()) {
      assert.ok(cosine(vector, original[index] ?? []) > 0.995);
      const [alone] = await vectors(fast, [texts[index] ?? ""]);
      assert.ok(1 - cosine(vector, alone ?? []) <= 1e-6);
    }
  });
}

test("the fast file has a fingerprint, hashes and known answers of its own", async (t) => {
  const { model, out } = await tiny(t, MEAN);

  const { directory } = await optimizeModel(model, optionsFor(out, "int8"));

  const fast = await located(directory);
  assert.notEqual(fast.contract.fingerprint, model.contract.fingerprint);
  assert.deepEqual(Object.keys(fast.contract.files), ["model.onnx", "model.onnx.data", "tokenizer.json"]);
  assert.ok(readdirSync(directory).includes("golden.json"));
  assert.deepEqual(readdirSync(out), ["tiny", "tiny-fast"]);
});

test("every linear layer is in 8 bits", async (t) => {
  const { model, out } = await tiny(t, CLS);

  const { directory } = await optimizeModel(model, optionsFor(out, "int8"));

  const { graph } = await readOnnx(join(directory, "model.onnx"));
  assert.equal(graph.node.filter(({ opType }) => opType === "MatMulIntegerToFloat").length, 6);
  // What is left multiplies two computed values: scores and context.
  assert.equal(graph.node.filter(({ opType }) => opType === "MatMul" || opType === "FusedMatMul").length, 2);
});

test("the same texts make the same file", async (t) => {
  const { model, out } = await tiny(t, MEAN);

  const first = await optimizeModel(model, optionsFor(out, "int8"));
  const { files } = (await located(first.directory)).contract;
  const second = await optimizeModel(model, optionsFor(out, "int8"));

  assert.deepEqual((await located(second.directory)).contract.files, files);
});

test("a damaged original and too few texts are refused, and nothing is left behind", async (t) => {
  const { model, out } = await tiny(t, MEAN);
  await assert.rejects(optimizeModel(model, optionsFor(out, "int8", plainTexts(3))), {
    name: "ConfigError",
    message: /at least 20 texts .*found 3/,
  });
  writeFileSync(join(model.directory, "model.onnx"), "damaged");

  await assert.rejects(optimizeModel(model, optionsFor(out, "int8")), {
    name: "ConfigError",
    message: /damaged/,
  });

  assert.deepEqual(readdirSync(out), ["tiny"]);
});

test("model optimize says what the copy loses", async (t) => {
  const { out } = await tiny(t, MEAN);
  const texts = join(out, "texts.jsonl");
  writeFileSync(
    texts,
    plainTexts(60)
      .map((one) => `${JSON.stringify(one)}\n`)
      .join(""),
  );
  const streams = { out: new PassThrough(), progress: new PassThrough().resume() };
  const said = text(streams.out);

  const args = ["optimize", "tiny", "--model-dir", out, "--texts", texts];
  await modelCommand(streams).parseAsync(args, { from: "user" });
  streams.out.end();

  assert.match(
    await said,
    /30 texts: cosine mean 0\.99\d+, .*top-10 overlap .*\ntiny is optimised in .*tiny-fast/,
  );
});

test("a model whose files are not in the directory that was named is said to be missing there", async () => {
  const streams = { out: new PassThrough(), progress: new PassThrough().resume() };
  const empty = mkdtempSync(join(tmpdir(), "remaster-no-models-"));

  const args = ["optimize", "all-mpnet-base-v2", "--model-dir", empty, "--texts", join(empty, "texts")];

  await assert.rejects(modelCommand(streams).parseAsync(args, { from: "user" }), {
    name: "ConfigError",
    message: new RegExp(`no files of that model in ${empty}: get them with`),
  });
});

test("a model without layers to make faster is refused", async (t) => {
  const { out } = await tiny(t, MEAN);
  const tokenTable = await located(join(BUILT_IN_DIR, "static-384-8k"));

  await assert.rejects(optimizeModel(tokenTable, optionsFor(out, "int8")), {
    name: "ConfigError",
    message: /no layers that could be made faster/,
  });
});
