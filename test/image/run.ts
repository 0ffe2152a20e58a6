// npm run test:image [-- --base <image>]
// Builds the embedder's image for real and calls it through the Lambda Runtime API. Without --base the base image is
// made from Debian packages; with --base public.ecr.aws/lambda/nodejs:24 it is AWS's own. Skips, loudly, where the
// programs for it are missing.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startQdrant } from "../../local/qdrant/server.ts";
import { startRuntimeApi } from "../../local/stack/runtime-api.ts";
import { ENV, FUNCTIONS } from "../../src/contract.ts";
import { openModels } from "../../src/embedding/open.ts";
import { parseRequest } from "../../src/migration/request.ts";
import { firstRun } from "../../src/migration/run.ts";
import { openQdrant } from "../../src/qdrant/client.ts";
import {
  buildBase,
  buildImage,
  buildWithoutModel,
  layerSizes,
  missingTools,
  startContainer,
} from "./engine.ts";

const ROOT = join(import.meta.dirname, "../..");
const MODEL = "static-768-8k";
const COLLECTION = "memories";
const TEXTS = [
  "The harbour was full of herring boats before sunrise.",
  "She still keeps the letter about the lighthouse.",
  "Ёлка стоит у окна.",
  "猫が窓辺で眠っている。",
  "a ".repeat(3000),
];

/** A directory of models as a deployment has it: one model, with its manifest. */
function prepareModels(): string {
  const directory = mkdtempSync(join(tmpdir(), "remaster-models-"));
  cpSync(join(ROOT, "demo/models", MODEL), join(directory, MODEL), { recursive: true });
  execFileSync(process.execPath, [join(ROOT, "layers/model/manifest.mjs"), "write", directory]);
  return directory;
}

const say = (line: string): void => console.log(line);

/** Stores texts with the vectors that this process makes of them. */
async function storeTexts(url: string): Promise<void> {
  const models = openModels({ modelDir: null, defaultModel: MODEL, dimensions: 768, threads: 1 });
  const embedder = await models.open(MODEL);
  const made = await embedder.embed(TEXTS, "passage");
  const qdrant = openQdrant({ url, apiKey: async () => null });
  await qdrant.createCollection(COLLECTION, { vectors: { size: 768, distance: "Cosine" } });
  await qdrant.upsert(
    COLLECTION,
    made.map((one, index) => {
      assert.ok(one.ok);
      return {
        id: String(index + 1),
        payload: JSON.stringify({ content: TEXTS[index] }),
        vectors: JSON.stringify([...one.vector]),
      };
    }),
  );
}

/** The embedder's answer to a sample: how near its vectors are to those stored by another process. */
async function compareVectors(image: string): Promise<void> {
  await using qdrant = await startQdrant({ port: 0 });
  await using api = await startRuntimeApi();
  await storeTexts(qdrant.url);
  const memoryMiB = FUNCTIONS.embedder.memoryMiB;
  const variables = {
    AWS_LAMBDA_RUNTIME_API: api.address,
    [ENV.qdrantUrl]: qdrant.url,
    [ENV.ledgerUrl]: "file:///tmp/ledger",
    [ENV.modelDir]: "/opt/models",
    [ENV.embeddingModel]: MODEL,
    [ENV.embeddingDimensions]: "768",
    [ENV.embeddingThreads]: "1",
  };
  const request = parseRequest({ collection: COLLECTION, model: MODEL, sourceModel: MODEL });
  const event = {
    op: "sample",
    run: firstRun({ execution: "image", request, sharing: 1, collection: COLLECTION }),
  };
  const startedAt = performance.now();
  const container = await startContainer(image, { variables, memoryMiB });
  try {
    const first = await api.invoke(event, 60_000);
    const coldMs = performance.now() - startedAt;
    const warmAt = performance.now();
    await api.invoke(event, 60_000);
    const warmMs = performance.now() - warmAt;
    assert.ok(first.ok, JSON.stringify(first));
    const { proof } = first.value as { proof: { compared: number; meanCosine: number } };
    assert.equal(proof.compared, TEXTS.length);
    assert.ok(proof.meanCosine > 0.999999, `mean cosine ${proof.meanCosine}`);
    say(
      `vectors of the image equal those of a plain process: mean cosine ${proof.meanCosine.toFixed(7)}, ${proof.compared} texts`,
    );
    const peak = container.peakMiB();
    assert.ok(peak < memoryMiB, `${peak} MiB`);
    say(
      `cold ${coldMs.toFixed(0)} ms from the container's start, warm ${warmMs.toFixed(0)} ms, peak ${peak} MiB`,
    );

    const refused = await api.invoke({ op: "no-such-operation" }, 60_000);
    assert.deepEqual(
      { ok: refused.ok, name: "name" in refused ? refused.name : "" },
      { ok: false, name: "PermanentError" },
    );
    say("an unknown operation comes back as PermanentError");
    checkLog(container.log());
  } finally {
    await container.stop();
  }
}

/** Memories are private, and what runs in the image tells nobody but its caller. */
function checkLog(log: string): void {
  for (const text of TEXTS) assert.equal(log.includes(text.slice(0, 20)), false, "the log repeats a text");
  assert.doesNotMatch(log, /telemetry/i);
  say(`the log has no text in it (${log.length} characters)`);
}

function checkLayers(image: string): void {
  const sizes = layerSizes(image);
  const [dependencies = 0, model = 0, code = 0] = sizes.slice(-3);
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  say(`layers: dependencies ${mib(dependencies)}, model ${mib(model)}, code ${mib(code)}`);
  assert.ok(dependencies < 100 * 2 ** 20, "onnxruntime is there for one platform only");
  assert.ok(code < 20 * 2 ** 20, "the code has no weights and no native libraries in it");
}

const { values } = parseArgs({ options: { base: { type: "string" } } });
const missing = missingTools();
if (missing.length > 0) {
  say(
    `SKIPPED: the image was not built: ${missing.join(", ")} not found (Debian: apt-get install podman runc mmdebstrap netavark).`,
  );
} else {
  const base = values.base ?? buildBase();
  say(`base: ${base}`);
  assert.match(buildWithoutModel(base) ?? "built", /holds no model/);
  say("an image without a model is refused");
  const models = prepareModels();
  const image = buildImage(base, models);
  rmSync(models, { recursive: true });
  checkLayers(image);
  await compareVectors(image);
  say("the image is sound");
}
