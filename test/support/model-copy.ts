import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { BUILT_IN_DIR } from "../../src/embedding/directory.ts";

export interface ModelCopy {
  /** A directory of models, to be damaged at will. */
  readonly modelDir: string;
  /** The model's own directory in it. */
  readonly directory: string;
  readonly path: (file: string) => string;
  /** Changes keys of config.json. */
  configure(changes: object): void;
  /** Writes SHA256SUMS for the files as they are now. */
  sign(): void;
}

/** A copy of the small built-in model under a name of its own; gone when the test ends. */
export function copyModel(t: TestContext, name = "copied"): ModelCopy {
  const modelDir = mkdtempSync(join(tmpdir(), "remaster-models-"));
  t.after(() => rmSync(modelDir, { recursive: true }));
  const directory = join(modelDir, name);
  cpSync(join(BUILT_IN_DIR, "static-384-8k"), directory, { recursive: true });
  const path = (file: string) => join(directory, file);
  const copy: ModelCopy = {
    modelDir,
    directory,
    path,
    configure(changes) {
      const config: object = JSON.parse(readFileSync(path("config.json"), "utf8"));
      writeFileSync(path("config.json"), JSON.stringify({ ...config, ...changes }));
    },
    sign() {
      const lines = ["model_int8.onnx", "tokenizer.json"].map((file) => {
        const hash = createHash("sha256")
          .update(readFileSync(path(file)))
          .digest("hex");
        return `${hash}  ${file}\n`;
      });
      writeFileSync(path("SHA256SUMS"), lines.join(""));
    },
  };
  copy.configure({ name });
  copy.sign();
  return copy;
}
