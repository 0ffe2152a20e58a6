import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cosine, type KnownAnswer } from "../../src/embedding/answers.ts";
import { BUILT_IN_DIR } from "../../src/embedding/directory.ts";
import { contractOf, type ModelOptions, openModels } from "../../src/embedding/open.ts";

const BUILT_IN: ModelOptions = { modelDir: null, defaultModel: null, dimensions: null, threads: 1 };

for (const name of ["static-384-8k", "static-768-8k"])
  test(`${name} gives the reference's vectors`, async () => {
    const { cases }: { readonly cases: readonly (KnownAnswer & { readonly tokens: number })[] } = JSON.parse(
      readFileSync(join(BUILT_IN_DIR, name, "golden.json"), "utf8"),
    );
    const embedder = await openModels(BUILT_IN).open(name);

    const found = await embedder.embed(
      cases.map(({ text }) => text),
      "passage",
    );

    cases.forEach(({ vector, tokens }, index) => {
      const outcome = found[index];
      assert.ok(outcome?.ok);
      assert.equal(outcome.tokens, tokens);
      assert.ok(cosine(outcome.vector, vector) > 0.9999);
    });
  });

test("the default is the built-in model where bge-base is not", async () => {
  assert.equal((await contractOf(BUILT_IN, null)).id, "static-768-8k");
});

test("a length other than the deployment's is refused with both numbers", async () => {
  const models = openModels({ ...BUILT_IN, dimensions: 384 });

  await assert.rejects(models.open(null), /ConfigError|384.*768/);
});

test("an unknown name is refused with the known ones", async () => {
  await assert.rejects(openModels(BUILT_IN).open("word2vec"), {
    name: "ConfigError",
    message: /"word2vec" is unknown.*all-MiniLM-L6-v2.*static-384-8k/,
  });
});

test("a model is found by its contract, and only by the same fingerprint", async () => {
  const models = openModels(BUILT_IN);
  const contract = await contractOf(BUILT_IN, "STATIC-384-8K");

  assert.equal(await models.openContract(contract), await models.open("static-384-8k"));
  assert.equal(await models.openContract({ ...contract, fingerprint: "another" }), null);
});

test("the event loop turns while a text of 100,000 characters is embedded", async () => {
  const embedder = await openModels(BUILT_IN).open(null);
  let turns = 0;
  let isRunning = true;
  const turn = () => {
    turns++;
    if (isRunning) setImmediate(turn);
  };
  setImmediate(turn);

  const [outcome] = await embedder.embed(["字".repeat(100_000)], "passage");
  isRunning = false;

  assert.ok(outcome?.ok);
  assert.equal(outcome.tokens, 512);
  assert.equal(outcome.tokensLost, 100_000 + 2 - 512);
  assert.ok(turns > 50, `${turns} turns`);
});

test("a model opened many times is loaded once", async () => {
  const models = openModels(BUILT_IN);

  const opened = await Promise.all([models.open("static-384-8k"), models.open("STATIC-384-8k")]);

  assert.equal(opened[0], opened[1]);
});
