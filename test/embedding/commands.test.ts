import assert from "node:assert/strict";
import { mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import fc from "fast-check";
import { embedCommand } from "../../bin/embed.ts";
import { readLines } from "../../bin/lines.ts";
import { modelCommand } from "../../bin/model.ts";
import { cosine } from "../../src/embedding/answers.ts";
import { BUILT_IN_DIR } from "../../src/embedding/directory.ts";
import { openModels } from "../../src/embedding/open.ts";
import { shortestDouble } from "../../src/float32.ts";
import { copyModel } from "../support/model-copy.ts";

async function embed(input: string, args: readonly string[]): Promise<unknown[]> {
  const output = new PassThrough();
  const written = text(output);
  await embedCommand({ input: Readable.from([Buffer.from(input)]), output }).parseAsync([...args], {
    from: "user",
  });
  output.end();
  return (await written)
    .split("\n")
    .slice(0, -1)
    .map((line): unknown => JSON.parse(line));
}

async function model(args: readonly string[]): Promise<string> {
  const out = new PassThrough();
  const written = text(out);
  await modelCommand({ out, progress: new PassThrough() }).parseAsync([...args], { from: "user" });
  out.end();
  return written;
}

async function allLines(pieces: readonly Buffer[], charsMax: number): Promise<(string | null)[]> {
  const lines: (string | null)[] = [];
  for await (const line of readLines(Readable.from(pieces), charsMax)) lines.push(line);
  return lines;
}

test("embed writes one vector a line, in order", async () => {
  const texts = Array.from(
    { length: 1200 },
    (_, index) => `text number ${index} ${"word ".repeat(index % 40)}`,
  );
  const embedder = await openModels({
    modelDir: null,
    defaultModel: null,
    dimensions: null,
    threads: 1,
  }).open(null);

  const vectors = await embed(texts.map((one) => `${JSON.stringify(one)}\n`).join(""), [
    "--model",
    "static-768-8k",
  ]);

  assert.equal(vectors.length, texts.length);
  for (const index of [0, 39, 511, 512, 1199]) {
    const [expected] = await embedder.embed([texts[index] ?? ""], "passage");
    const vector = vectors[index];
    assert.ok(Array.isArray(vector) && expected?.ok);
    assert.ok(cosine(vector, expected.vector) > 0.999999);
  }
});

test("embed answers a broken line with its reason, in its place", async () => {
  const lines = ['"a cat"', "a cat", '{"text":"a cat"}', "", '"a dog"'].join("\n");

  const answers = await embed(lines, ["--model", "static-384-8k"]);

  assert.deepEqual(answers.slice(1, 4), [
    { error: "line-not-json" },
    { error: "line-not-a-string" },
    { error: "line-not-json" },
  ]);
  assert.equal(answers.length, 5);
  assert.ok(Array.isArray(answers[4]));
});

test("embed refuses an unknown model", async () => {
  await assert.rejects(embed('"a"', ["--model", "word2vec"]), { name: "ConfigError" });
});

test("lines are the same however the bytes arrive", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.string({ unit: "grapheme" }).filter((line) => !/[\r\n]/.test(line)),
        { minLength: 1 },
      ),
      fc.integer({ min: 1, max: 7 }),
      async (lines, size) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
        const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
          bytes.subarray(at * size, (at + 1) * size),
        );

        assert.deepEqual(await allLines(pieces, 1000), lines);
      },
    ),
    { numRuns: 50 },
  );
});

test("a line beyond the limit is not kept, and the next one is whole", async () => {
  const pieces = ["aaaa", "aaaa", "aaaa\nbb\n", "cccccccccccc"].map((piece) => Buffer.from(piece));

  assert.deepEqual(await allLines(pieces, 10), [null, "bb", null]);
});

test("the shortest digits give the same float32 back", () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      assert.ok(Object.is(Math.fround(shortestDouble(value)), value));
    }),
  );
});

test("model list names what is here and what can be fetched", async (t) => {
  const listed = await model(["list", "--model-dir", copyModel(t).modelDir]);

  assert.match(listed, /^copied: copied, 384-D, 256 tokens, mean, fingerprint [0-9a-f]{12}, /m);
  assert.match(
    listed,
    /^bge-base-en-v1.5: 768-D, not here; get it with: remaster model fetch bge-base-en-v1.5$/m,
  );
});

test("model verify says which model is damaged", async (t) => {
  const copy = copyModel(t);
  assert.match(await model(["verify", "copied", "--model-dir", copy.modelDir]), /known answers are right/);
  truncateSync(copy.path("model_int8.onnx"), 1000);

  await assert.rejects(model(["verify", "--model-dir", copy.modelDir]), {
    name: "ConfigError",
    message: "1 models cannot be used: copied.",
  });
});

test("model fetch --from copies a directory and says where", async (t) => {
  const modelDir = mkdtempSync(join(tmpdir(), "remaster-models-"));
  t.after(() => rmSync(modelDir, { recursive: true }));
  const from = join(BUILT_IN_DIR, "static-384-8k");

  const said = await model(["fetch", "tiny", "--from", from, "--model-dir", modelDir]);

  assert.equal(said, `tiny is in ${join(modelDir, "tiny")}.\n`);
});

test("model fetch without a directory to put it in is refused", async () => {
  await assert.rejects(model(["fetch", "bge-base-en-v1.5"]), {
    name: "ConfigError",
    message: /REMASTER_MODEL_DIR/,
  });
});
