import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { cosine } from "../../src/embedding/answers.ts";
import { contractFrom } from "../../src/embedding/fingerprint.ts";
import { findKnown } from "../../src/embedding/models.ts";
import { PUBLISHED } from "../../src/embedding/published.ts";
import { PROBES, recognizeModel } from "../../src/embedding/recognition.ts";
import { sharedPath } from "../support/shared.ts";
import {
  copyWrong,
  keepCase,
  makeModelDir,
  modelsIn,
  reorderVocabulary,
  type Wrong,
} from "../support/wrongModels.ts";

const BESIDE = ["minilm-l6-v2", "bge-small-en-v1.5", "mpnet-base-v2"] as const;
const shared = sharedPath("models");
const skip = shared === null ? "SKIPPED: the models are not beside the project" : false;
const OTHER = { mean: "cls", cls: "mean", pooled: "pooled" } as const;

test("the known answers are those of the reference implementation", () => {
  for (const [name, { right }] of Object.entries(PUBLISHED)) {
    const folder = BESIDE.find((one) => name.toLowerCase().includes(one)) ?? assert.fail(name);
    const { cases } = JSON.parse(
      readFileSync(join(import.meta.dirname, `reference/${folder}.golden.json`), "utf8"),
    );
    for (const [index, probe] of PROBES.entries()) {
      const golden = cases.find(
        (one: { kind: string; text: string }) => one.kind === "passage" && one.text === probe,
      );
      const bytes = new Uint8Array(Buffer.from(golden.float32, "base64"));
      const packed = new Int8Array(Buffer.from(right[index] ?? "", "base64"));

      assert.ok(cosine(packed, new Float32Array(bytes.buffer)) > 0.9995, `${name} ${index}`);
    }
  }
  assert.equal(Object.keys(PUBLISHED).length, BESIDE.length);
});

const modelDir = makeModelDir({ after });

async function recognized(from: string, name: string, wrong: Wrong) {
  copyWrong(modelDir, name, join(shared ?? "", from), wrong);
  return (await modelsIn(modelDir).open(name)).recognize();
}

for (const folder of BESIDE) {
  const known = Object.keys(PUBLISHED).find((name) => name.toLowerCase().includes(folder)) ?? "";
  const pooling = OTHER[findKnown(known)?.pooling ?? "pooled"];
  const cases: Readonly<Record<string, readonly [Wrong, readonly RegExp[]]>> = {
    "as published": [{}, []],
    "with another pooling": [{ config: { pooling } }, [/its pooling is another one/]],
    "with a query prefix of its own": [
      { config: { queryPrefix: "ask: " } },
      [/queries are prefixed with "ask: "/],
    ],
    "with a prefix for passages": [
      { config: { documentPrefix: "text: " } },
      [/passages are prefixed with "text: "/],
    ],
    "that keeps capitals": [{ tokenizer: keepCase }, [/the tokenizer is another one/]],
    "with pooling and prefix wrong": [
      { config: { pooling, queryPrefix: "ask: " } },
      [/its pooling is another one/, /queries are prefixed/],
    ],
  };
  for (const [says, [wrong, doubts]] of Object.entries(cases))
    test(`${folder} under another name, ${says}, is recognised`, { skip }, async () => {
      const found = await recognized(folder, `${folder} ${says}`.replaceAll(" ", "-"), wrong);

      assert.equal(found.known, known);
      assert.equal(found.doubts.length, doubts.length, found.doubts.join());
      for (const [index, doubt] of doubts.entries()) assert.match(found.doubts[index] ?? "", doubt);
    });
}

test("with the words of its vocabulary exchanged a model is none that is known", { skip }, async () => {
  const found = await recognized(BESIDE[0], "exchanged", { tokenizer: reorderVocabulary });

  assert.deepEqual(found, { known: null, doubts: [] });
});

test("a model that nobody knows raises no doubt", async () => {
  const models = modelsIn(modelDir);

  for (const name of ["static-384-8k", "static-768-8k"])
    assert.deepEqual(await (await models.open(name)).recognize(), { known: null, doubts: [] });
});

const silent = async (texts: readonly string[]) =>
  texts.map(() => ({ ok: false, reason: "model-failed" }) as const);

test("a published file is recognised by its hash where no answers of it are known", async () => {
  const published = findKnown("bge-base-en-v1.5") ?? assert.fail();
  const as = (changes: object) => contractFrom({ ...published, name: "mine", ...changes }, published.files);

  assert.deepEqual(await recognizeModel(as({}), silent), { known: published.name, doubts: [] });
  const { doubts } = await recognizeModel(as({ pooling: "mean", queryPrefix: "" }), silent);
  assert.match(doubts[0] ?? "", /which takes the first token/);
  assert.match(doubts[1] ?? "", /queries are prefixed with "", .* is made for "Represent/);
});

test("answers that never came are nobody's", async () => {
  const contract = contractFrom({ ...(findKnown("all-MiniLM-L6-v2") ?? assert.fail()), name: "mine" }, {});

  assert.deepEqual(await recognizeModel(contract, silent), { known: null, doubts: [] });
});
