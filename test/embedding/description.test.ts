import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeDescription, parseDescription } from "../../src/embedding/description.ts";
import { findKnown, KNOWN_MODELS } from "../../src/embedding/models.ts";

const CONFIG = { name: "org/model", dimension: 8, maxTokens: 128, pooling: "mean", normalize: true };
const parse = (config: object) => parseDescription("config.json", JSON.stringify(config));

test("what a description leaves out has a default", () => {
  const model = parse(CONFIG);

  assert.deepEqual(model.inputs, ["input_ids", "attention_mask"]);
  assert.equal(model.output, "last_hidden_state");
  assert.equal(model.passagePrefix, "");
});

test("a written description is read as it was", () => {
  for (const { short: _short, hub: _hub, ...model } of KNOWN_MODELS)
    assert.deepEqual(parseDescription("config.json", encodeDescription(model)), model);
});

const REFUSED: readonly (readonly [string, object, RegExp])[] = [
  ["an unknown key", { ...CONFIG, poolling: "cls" }, /unknown key "poolling" \(known: name/],
  ["another pooling", { ...CONFIG, pooling: "max" }, /pooling must be one of cls, mean, pooled, not "max"/],
  ["a dimension of none", { ...CONFIG, dimension: 0 }, /dimension must be .*positive integer, not 0/],
  ["a missing maximum", { ...CONFIG, maxTokens: undefined }, /maxTokens is missing/],
  ["a graph outside its directory", { ...CONFIG, graph: "../other.onnx" }, /graph must be/],
  ["a hash that is none", { ...CONFIG, files: { "model.onnx": "abc" } }, /files must be/],
  ["inputs without ids", { ...CONFIG, inputs: ["attention_mask"] }, /inputs must be a list with input_ids/],
];

for (const [title, config, message] of REFUSED)
  test(`refuses ${title} by name`, () => {
    assert.throws(() => parse(config), { name: "ConfigError", message });
  });

test("all problems stand in one error", () => {
  assert.throws(() => parse({ name: "", what: 1, extra: true }), /extra.*name must be.*dimension is missing/);
});

test("text that is not a JSON object is refused", () => {
  assert.throws(() => parseDescription("config.json", "{"), { name: "ConfigError", message: /is not JSON/ });
  assert.throws(() => parseDescription("config.json", "[]"), { name: "ConfigError", message: /JSON object/ });
});

test("known models are found by full and short name, without case", () => {
  assert.equal(findKnown("baai/BGE-base-en-v1.5")?.pooling, "cls");
  assert.equal(findKnown("all-minilm-l6-v2")?.maxTokens, 256);
  assert.equal(findKnown("MiniLM"), null);
});
