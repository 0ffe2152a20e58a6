import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openModels } from "../../src/embedding/open.ts";
import { copyModel } from "../support/model-copy.ts";

const SCRIPT = join(import.meta.dirname, "../../layers/model/manifest.mjs");
const manifest = (verb: string, directory: string): string =>
  execFileSync(process.execPath, [SCRIPT, verb, directory], { encoding: "utf8", stdio: "pipe" });

test("a manifest that was written is checked, and opens the model", async (t) => {
  const copy = copyModel(t);
  rmSync(copy.path("SHA256SUMS"));

  assert.match(manifest("write", copy.modelDir), /manifest of model_int8.onnx, tokenizer.json written/);

  assert.match(manifest("check", copy.modelDir), /files are those of the manifest/);
  const models = openModels({ modelDir: copy.modelDir, defaultModel: "copied", dimensions: 384, threads: 1 });
  assert.equal((await models.open(null)).contract.id, "copied");
});

test("the build stops at a damaged, an unlisted or a missing file, and at no model at all", (t) => {
  const copy = copyModel(t);
  writeFileSync(copy.path("other.onnx"), "");
  assert.throws(() => manifest("check", copy.modelDir), /other.onnx is not in the manifest/);
  rmSync(copy.path("other.onnx"));
  truncateSync(copy.path("model_int8.onnx"), 1000);
  assert.throws(() => manifest("check", copy.modelDir), /model_int8.onnx is [0-9a-f]{64}, the manifest says/);
  rmSync(copy.path("model_int8.onnx"));
  assert.throws(() => manifest("check", copy.modelDir), /model_int8.onnx is missing/);

  const empty = mkdtempSync(join(tmpdir(), "remaster-empty-"));
  t.after(() => rmSync(empty, { recursive: true }));
  assert.throws(() => manifest("check", empty), /holds no model/);
});
