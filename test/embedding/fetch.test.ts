import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { BUILT_IN_DIR } from "../../src/embedding/directory.ts";
import { fetchKnown, fetchModel } from "../../src/embedding/fetch.ts";
import { findKnown, type KnownModel } from "../../src/embedding/models.ts";
import { openModels } from "../../src/embedding/open.ts";
import { startFakeHub } from "../support/fake-hub.ts";

const GRAPH = readFileSync(join(BUILT_IN_DIR, "static-384-8k/model_int8.onnx"));
const TOKENIZER = readFileSync(join(BUILT_IN_DIR, "static-384-8k/tokenizer.json"));
const REVISION = "0123456789abcdef0123456789abcdef01234567";
const FILES = new Map([
  [`/org/tiny/resolve/${REVISION}/onnx/model.onnx`, GRAPH],
  [`/org/tiny/resolve/${REVISION}/tokenizer.json`, TOKENIZER],
]);

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

function tinyModel(): KnownModel {
  const builtIn = findKnown("static-384-8k");
  assert.ok(builtIn);
  return {
    ...builtIn,
    name: "org/tiny",
    short: "tiny",
    revision: REVISION,
    graph: "model.onnx",
    files: { "model.onnx": sha256(GRAPH), "tokenizer.json": sha256(TOKENIZER) },
    hub: {
      "model.onnx": { path: "onnx/model.onnx", bytes: GRAPH.length },
      "tokenizer.json": { path: "tokenizer.json", bytes: TOKENIZER.length },
    },
  };
}

function optionsFor(t: TestContext, endpoint: string) {
  const modelDir = mkdtempSync(join(tmpdir(), "remaster-fetch-"));
  t.after(() => rmSync(modelDir, { recursive: true }));
  return { modelDir, endpoint, from: null, onProgress: () => {}, retryMs: 1 };
}

test("a model is fetched at its pinned revision, verified, and opens", async (t) => {
  const hub = await startFakeHub(t, FILES);
  const options = optionsFor(t, hub.endpoint);

  const directory = await fetchKnown(tinyModel(), options);

  assert.equal(directory, join(options.modelDir, "tiny"));
  assert.deepEqual(
    hub.requests.map(({ path }) => path),
    [...FILES.keys()],
  );
  const models = openModels({ modelDir: options.modelDir, defaultModel: null, dimensions: null, threads: 1 });
  const { contract } = await models.open("org/tiny");
  assert.equal(contract.revision, REVISION);
  assert.deepEqual(readdirSync(options.modelDir), ["tiny"]);
});

test("a connection that breaks off is gone on with where it ended", async (t) => {
  const hub = await startFakeHub(t, FILES);
  hub.breakAfter.push(1_000_000, 500_000);

  await fetchKnown(tinyModel(), optionsFor(t, hub.endpoint));

  const starts = hub.requests
    .slice(0, 3)
    .map(({ range }) => Number(/bytes=(\d+)-/.exec(range ?? "")?.[1] ?? 0));
  assert.equal(starts[0], 0);
  assert.ok((starts[1] ?? 0) > 0 && (starts[2] ?? 0) > (starts[1] ?? 0), `starts ${starts}`);
});

test("a fetch that gave up is gone on with by the next one, and leaves no model behind", async (t) => {
  const hub = await startFakeHub(t, FILES);
  const options = optionsFor(t, hub.endpoint);
  hub.breakAfter.push(1_000_000, 1, 1, 1, 1, 1);
  await assert.rejects(fetchKnown(tinyModel(), options), {
    name: "TransientError",
    message: /broke off 6 times, .*run the same command again/,
  });
  assert.equal(existsSync(join(options.modelDir, "tiny")), false);

  await fetchKnown(tinyModel(), options);

  assert.ok(existsSync(join(options.modelDir, "tiny/model.onnx")));
  assert.notEqual(hub.requests[6]?.range, null);
});

test("a server that knows no ranges sends the whole file again", async (t) => {
  const hub = await startFakeHub(t, FILES);
  hub.knowsRanges = false;
  hub.breakAfter.push(1_000_000);

  const directory = await fetchKnown(tinyModel(), optionsFor(t, hub.endpoint));

  assert.deepEqual(readFileSync(join(directory, "model.onnx")), GRAPH);
});

test("a busy hub is asked again, a refusing one is not", async (t) => {
  const hub = await startFakeHub(t, FILES);
  hub.statuses.push(503, 429);
  await fetchKnown(tinyModel(), optionsFor(t, hub.endpoint));

  hub.statuses.push(403);
  await assert.rejects(fetchKnown(tinyModel(), optionsFor(t, hub.endpoint)), {
    name: "ConfigError",
    message: /refused with status 403/,
  });
});

test("another file at the same address is refused and not kept", async (t) => {
  const other = Buffer.from(GRAPH);
  other.writeUInt8(1, 1000);
  const hub = await startFakeHub(t, new Map([...FILES, [[...FILES.keys()][0] ?? "", other]]));
  const options = optionsFor(t, hub.endpoint);

  await assert.rejects(fetchKnown(tinyModel(), options), { name: "ConfigError", message: /has sha256/ });

  assert.equal(existsSync(join(options.modelDir, ".fetch-tiny/model.onnx")), false);
});

test("a longer file is refused before it fills the disk", async (t) => {
  const longer = Buffer.concat([GRAPH, GRAPH]);
  const hub = await startFakeHub(t, new Map([...FILES, [[...FILES.keys()][0] ?? "", longer]]));

  await assert.rejects(fetchKnown(tinyModel(), optionsFor(t, hub.endpoint)), {
    name: "ConfigError",
    message: /is longer than/,
  });
});

test("a fetch over an older copy replaces it", async (t) => {
  const hub = await startFakeHub(t, FILES);
  const options = optionsFor(t, hub.endpoint);
  await fetchKnown(tinyModel(), options);
  rmSync(join(options.modelDir, "tiny/model.onnx"));

  await fetchKnown(tinyModel(), options);

  assert.deepEqual(readdirSync(options.modelDir), ["tiny"]);
  assert.ok(existsSync(join(options.modelDir, "tiny/model.onnx")));
});

test("a described directory is copied with its known answers", async (t) => {
  const options = { ...optionsFor(t, "http://127.0.0.1:9"), from: join(BUILT_IN_DIR, "static-384-8k") };

  const directory = await fetchModel("org/other", options);

  const models = openModels({ modelDir: options.modelDir, defaultModel: null, dimensions: null, threads: 1 });
  assert.equal((await models.open("other")).contract.id, "static-384-8k");
  assert.ok(existsSync(join(directory, "golden.json")));
});

test("a directory in the hub's layout is checked against the pinned hashes", async (t) => {
  const from = mkdtempSync(join(tmpdir(), "remaster-from-"));
  t.after(() => rmSync(from, { recursive: true }));

  await assert.rejects(fetchModel("bge-base-en-v1.5", { ...optionsFor(t, ""), from }), {
    name: "ConfigError",
    message: /holds none of onnx\/model.onnx, model.onnx/,
  });
});

test("a model the hub's files of are unknown is refused", async (t) => {
  await assert.rejects(fetchModel("org/unknown", optionsFor(t, "")), {
    name: "ConfigError",
    message: /--from/,
  });
});
