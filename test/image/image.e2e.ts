// npm run test:image
// Builds the embedder's image for real and calls it through the Lambda Runtime API. The base image is made from Debian
// packages; with REMASTER_TEST_IMAGE_BASE=public.ecr.aws/lambda/nodejs:24 it is AWS's own. Skips, loudly, where that
// cannot be done.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startQdrant } from "../../local/qdrant/server.ts";
import { type RuntimeApi, startRuntimeApi } from "../../local/stack/runtime-api.ts";
import { ENV, FUNCTIONS } from "../../src/contract.ts";
import { openModels } from "../../src/embedding/open.ts";
import { parseRequest } from "../../src/migration/request.ts";
import { firstRun } from "../../src/migration/run.ts";
import { openQdrant } from "../../src/qdrant/client.ts";
import {
  buildBase,
  buildForArm64,
  buildImage,
  buildWithoutModel,
  type Container,
  layerSizes,
  nativeLibraries,
  runPoller,
  startContainer,
  whyNoContainer,
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
const why = whyNoContainer();
const skip = why === null ? false : `SKIPPED: the image was not built: ${why}`;

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

/** What the planner asks the embedder for: a sample of a collection, and how near its stored vectors are. */
function sampleEvent() {
  const request = parseRequest({ collection: COLLECTION, model: MODEL, sourceModel: MODEL });
  const run = firstRun({ execution: "image", request, sharing: 1, collection: COLLECTION });
  return { op: "sample", run };
}

const settings = (qdrantUrl: string): Readonly<Record<string, string>> => ({
  [ENV.qdrantUrl]: qdrantUrl,
  [ENV.ledgerUrl]: "file:///tmp/ledger",
  [ENV.modelDir]: "/opt/models",
  [ENV.embeddingModel]: MODEL,
  [ENV.embeddingDimensions]: "768",
  [ENV.embeddingThreads]: "1",
});

describe("the image", { skip }, () => {
  const open = new AsyncDisposableStack();
  let base = "";
  let image = "";
  let models = "";

  before(() => {
    base = process.env.REMASTER_TEST_IMAGE_BASE ?? buildBase();
    say(`Image functions run in podman, on the base ${base}.`);
    models = prepareModels();
    open.defer(() => rmSync(models, { recursive: true }));
    image = buildImage(base, models);
  });
  after(() => open.disposeAsync());

  test("is refused without a model", () => {
    assert.match(buildWithoutModel(base) ?? "built", /holds no model/);
  });

  test("has onnxruntime for one platform, and neither weights nor native libraries beside its code", () => {
    const [dependencies = 0, model = 0, code = 0] = layerSizes(image).slice(-3);

    const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
    say(`layers: dependencies ${mib(dependencies)}, model ${mib(model)}, code ${mib(code)}`);
    assert.ok(dependencies < 100 * 2 ** 20);
    assert.ok(code < 20 * 2 ** 20);
  });

  test("for arm64 is built on this machine without an emulator, with the libraries of that processor alone", () => {
    const libraries = nativeLibraries(buildForArm64(base, models));

    assert.ok(libraries.some(({ path }) => path.endsWith("onnxruntime_binding.node")));
    assert.deepEqual(
      libraries.filter(({ machine }) => machine !== "arm64"),
      [],
    );
  });

  test("starts as a polling embedder, which loads its model and names the setting it lacks", () => {
    const variables = { ...settings("http://127.0.0.1:6333"), [ENV.concurrency]: "1" };

    const { status, said } = runPoller(image, variables);

    assert.equal(status, 1, said);
    assert.match(said, /"event":"poll\.started","model":"static-768-8k"/);
    assert.match(
      said,
      /"event":"poll\.ended","error":"ConfigError","reason":"REMASTER_PAGES_QUEUE_URL is not set/,
    );
  });

  describe("as a running function", () => {
    let api: RuntimeApi;
    let container: Container;
    let coldMs = 0;
    let first: unknown;

    before(async () => {
      const qdrant = open.use(await startQdrant({ port: 0 }));
      api = open.use(await startRuntimeApi());
      await storeTexts(qdrant.url);
      const startedAt = performance.now();
      container = await startContainer(image, {
        variables: { ...settings(qdrant.url), AWS_LAMBDA_RUNTIME_API: api.address },
        memoryMiB: FUNCTIONS.embedder.memoryMiB,
      });
      open.defer(() => container.stop());
      first = await api.invoke(sampleEvent(), 60_000);
      coldMs = performance.now() - startedAt;
    });

    test("makes the vectors that a plain process makes", () => {
      const { ok, value } = first as {
        ok: boolean;
        value: { proof: { compared: number; meanCosine: number } };
      };

      assert.ok(ok, JSON.stringify(first));
      assert.equal(value.proof.compared, TEXTS.length);
      assert.ok(value.proof.meanCosine > 0.999999, `mean cosine ${value.proof.meanCosine}`);
    });

    test("keeps within its memory", async () => {
      const warmAt = performance.now();

      await api.invoke(sampleEvent(), 60_000);

      const warmMs = performance.now() - warmAt;
      const peak = container.peakMiB();
      say(
        `cold ${coldMs.toFixed(0)} ms from the container's start, warm ${warmMs.toFixed(0)} ms, peak ${peak} MiB`,
      );
      assert.ok(peak < FUNCTIONS.embedder.memoryMiB, `${peak} MiB`);
    });

    test("answers an operation it does not know with PermanentError", async () => {
      const refused = await api.invoke({ op: "no-such-operation" }, 60_000);

      assert.equal(refused.ok ? "" : refused.name, "PermanentError");
    });

    // Memories are private, and what runs in the image tells nobody but its caller.
    test("logs no text and reports to nobody", () => {
      const log = container.log();

      for (const text of TEXTS)
        assert.equal(log.includes(text.slice(0, 20)), false, "the log repeats a text");
      assert.doesNotMatch(log, /telemetry/i);
    });
  });
});
