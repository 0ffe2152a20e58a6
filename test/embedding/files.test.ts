import assert from "node:assert/strict";
import { copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BUILT_IN_DIR } from "../../src/embedding/directory.ts";
import { contractOf, openModels } from "../../src/embedding/open.ts";
import { copyModel, type ModelCopy } from "../support/model-copy.ts";
import { sharedPath } from "../support/shared.ts";

const optionsOf = ({ modelDir }: ModelCopy) => ({
  modelDir,
  defaultModel: null,
  dimensions: null,
  threads: 1,
});
const openCopy = (copy: ModelCopy) => openModels(optionsOf(copy)).open("copied");

function flipByte(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes.writeUInt8((bytes[at] ?? 0) ^ 1, at);
  writeFileSync(path, bytes);
}

test("a whole copy opens", async (t) => {
  const embedder = await openCopy(copyModel(t));

  assert.equal(embedder.contract.id, "copied");
});

const DAMAGES: readonly (readonly [string, (copy: ModelCopy) => void, RegExp])[] = [
  [
    "a truncated graph",
    ({ path }) => truncateSync(path("model_int8.onnx"), 1_000_000),
    /model_int8.onnx .*cut short/,
  ],
  [
    "one changed bit of the weights",
    ({ path }) => flipByte(path("model_int8.onnx"), 2_000_000),
    /is damaged/,
  ],
  [
    "one changed bit of the tokenizer",
    ({ path }) => flipByte(path("tokenizer.json"), 60_000),
    /tokenizer.json .*damaged/,
  ],
  ["a missing graph", ({ path }) => rmSync(path("model_int8.onnx")), /cannot be read; fetch the model again/],
  ["a missing manifest", ({ path }) => rmSync(path("SHA256SUMS")), /needs the sha256.*sha256sum/],
  [
    "weights beside the graph without a hash",
    ({ path }) => writeFileSync(path("model_int8.onnx.data"), "anything"),
    /holds model_int8.onnx.data, which its manifest has no sha256 of/,
  ],
  [
    "another model's graph",
    ({ path }) => copyFileSync(join(BUILT_IN_DIR, "static-768-8k/model_int8.onnx"), path("model_int8.onnx")),
    /or another file/,
  ],
];

for (const [title, damage, message] of DAMAGES)
  test(`refuses ${title}`, async (t) => {
    const copy = copyModel(t);
    damage(copy);

    await assert.rejects(openCopy(copy), { name: "ConfigError", message });
  });

// Signed again: the hash is right, and only what the model answers tells that it is the wrong one.
const WRONG: readonly (readonly [string, (copy: ModelCopy) => void, RegExp])[] = [
  ["a wrong pooling", (copy) => copy.configure({ pooling: "cls" }), /refuses to start/],
  ["a missing prefix", (copy) => copy.configure({ documentPrefix: "represent this: " }), /refuses to start/],
  ["a wrong dimension", (copy) => copy.configure({ dimension: 768 }), /refuses to start/],
  ["another output", (copy) => copy.configure({ output: "pooler_output" }), /outputs are last_hidden_state/],
  [
    "other inputs",
    (copy) => copy.configure({ inputs: ["input_ids"] }),
    /graph takes input_ids, attention_mask/,
  ],
  [
    "a graph that is none",
    ({ path }) => writeFileSync(path("model_int8.onnx"), "not a graph"),
    /cannot be loaded/,
  ],
  [
    "another graph",
    ({ path, configure }) => {
      copyFileSync(join(BUILT_IN_DIR, "static-768-8k/model_int8.onnx"), path("model_int8.onnx"));
      configure({ dimension: 768 });
    },
    /refuses to start/,
  ],
];

for (const [title, change, message] of WRONG)
  test(`the known answers catch ${title}`, async (t) => {
    const copy = copyModel(t);
    change(copy);
    copy.sign();

    await assert.rejects(openCopy(copy), { name: "ConfigError", message });
  });

test("the known answers catch a wrong tokenizer", async (t) => {
  const other = sharedPath("models/minilm-l6-v2/tokenizer.json");
  if (other === null) return t.skip("minilm-l6-v2 is not beside the project");
  const copy = copyModel(t);
  copyFileSync(other, copy.path("tokenizer.json"));
  copy.sign();

  await assert.rejects(openCopy(copy), { name: "ConfigError", message: /refuses to start/ });
});

test("files that were mended open without a new start", async (t) => {
  const copy = copyModel(t);
  const models = openModels(optionsOf(copy));
  flipByte(copy.path("model_int8.onnx"), 5000);
  await assert.rejects(models.open("copied"));
  flipByte(copy.path("model_int8.onnx"), 5000);

  assert.equal((await models.open("copied")).contract.id, "copied");
});

test("a known name with another pooling is refused before anything is loaded", async (t) => {
  const copy = copyModel(t);
  copy.configure({ name: "sentence-transformers/all-MiniLM-L6-v2", pooling: "cls" });

  await assert.rejects(contractOf(optionsOf(copy), "copied"), {
    name: "ConfigError",
    message: /contradicts its name: pooling is "cls", sentence-transformers\/all-MiniLM-L6-v2 has "mean"/,
  });
});

test("a known model whose files are not here says how to get them", async (t) => {
  const { modelDir } = copyModel(t);

  await assert.rejects(openModels({ ...optionsOf(copyModel(t)), modelDir }).open("bge-base-en-v1.5"), {
    name: "ConfigError",
    message: /remaster model fetch bge-base-en-v1.5/,
  });
});

test("a directory given as a model says how it is named", async (t) => {
  const { modelDir, directory } = copyModel(t);

  await assert.rejects(openModels({ ...optionsOf(copyModel(t)), modelDir: null }).open(directory), {
    name: "ConfigError",
    message: `${directory} is a directory, a model is given by its name: set REMASTER_MODEL_DIR (--model-dir) to ${modelDir} and name copied.`,
  });
});

for (const [suffix, precision] of Object.entries({ fast: "int8", int16: "int16", fp32: "fp32" }))
  test(`a damaged ${suffix} copy is to be made again, not fetched`, async (t) => {
    const copy = copyModel(t, `chat-${suffix}`);
    flipByte(copy.path("model_int8.onnx"), 2_000_000);

    await assert.rejects(openModels(optionsOf(copy)).open(`chat-${suffix}`), {
      name: "ConfigError",
      message: new RegExp(`damaged.*remaster model optimize chat --precision ${precision} --texts FILE`),
    });
  });

test("the same files under another name or revision have the same fingerprint", async (t) => {
  const copy = copyModel(t);
  const before = await contractOf(optionsOf(copy), "copied");
  copy.configure({ name: "renamed", revision: "2" });
  const after = await contractOf(optionsOf(copy), "renamed");

  assert.equal(after.fingerprint, before.fingerprint);
});

test("whatever changes vectors changes the fingerprint", async (t) => {
  const copy = copyModel(t);
  const before = await contractOf(optionsOf(copy), "copied");
  const changes = [{ maxTokens: 255 }, { pooling: "cls" }, { queryPrefix: "q: " }, { normalize: false }];

  const fingerprints = [before.fingerprint];
  for (const change of changes) {
    copy.configure(change);
    fingerprints.push((await contractOf(optionsOf(copy), "copied")).fingerprint);
  }

  assert.equal(new Set(fingerprints).size, changes.length + 1);
});

test("a directory of models that cannot be read is refused with its name", async () => {
  const models = openModels({
    modelDir: "/nowhere/models",
    defaultModel: null,
    dimensions: null,
    threads: 1,
  });

  await assert.rejects(models.open(null), {
    name: "ConfigError",
    message: /\/nowhere\/models cannot be read/,
  });
});
