// Writes src/embedding/published.ts: node test/embedding/reference/published.ts <directory of models>
// Right vectors are those of vectors.py; those of the other pooling are made here, from the same files.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { openModels } from "../../../src/embedding/open.ts";
import { PROBES } from "../../../src/embedding/recognition.ts";

const MODELS = ["minilm-l6-v2", "bge-small-en-v1.5", "mpnet-base-v2"];
const OTHER = { mean: "cls", cls: "mean" } as const;

interface Golden {
  readonly cases: readonly { readonly kind: string; readonly text: string; readonly float32: string }[];
}

/** 8 bits a number, the largest at 127: cosine 0.9999 to the vector, and a tenth of the digits. */
function pack(vector: ArrayLike<number>): string {
  const numbers = Array.from(vector);
  const largest = Math.max(...numbers.map(Math.abs));
  return Buffer.from(Int8Array.from(numbers, (one) => Math.round((127 * one) / largest)).buffer).toString(
    "base64",
  );
}

function rightOf(model: string): string[] {
  const golden: Golden = JSON.parse(readFileSync(join(import.meta.dirname, `${model}.golden.json`), "utf8"));
  return PROBES.map((probe) => {
    const found = golden.cases.find(({ kind, text }) => kind === "passage" && text === probe);
    if (found === undefined) throw new Error(`vectors.py made no vector of ${probe} for ${model}`);
    return pack(new Float32Array(new Uint8Array(Buffer.from(found.float32, "base64")).buffer));
  });
}

/** The model's own files with the other pooling, under a name that says nothing. */
async function otherOf(modelDir: string, model: string): Promise<string[]> {
  const from = resolve(modelDir, model);
  const root = mkdtempSync(join(tmpdir(), "remaster-published-"));
  const config = JSON.parse(readFileSync(join(from, "config.json"), "utf8"));
  const sums = readFileSync(join(modelDir, "SHA256SUMS"), "utf8").split("\n");
  const files = Object.fromEntries(
    sums
      .map((line) => line.split("  "))
      .filter(([, path]) => path?.startsWith(`${model}/`) && /onnx$|tokenizer/.test(path))
      .map(([hash, path]) => [(path ?? "").slice(model.length + 1), hash]),
  );
  const directory = join(root, "other");
  mkdirSync(directory);
  for (const file of Object.keys(files)) symlinkSync(join(from, file), join(directory, file));
  const pooling = OTHER[config.pooling as keyof typeof OTHER];
  writeFileSync(join(directory, "config.json"), JSON.stringify({ ...config, name: "other", pooling, files }));
  const models = openModels({ modelDir: root, defaultModel: null, dimensions: null, threads: 1 });
  const made = await (await models.open("other")).embed(PROBES, "passage");
  rmSync(root, { recursive: true });
  return made.map((one) => {
    if (!one.ok) throw new Error(one.reason);
    return pack(one.vector);
  });
}

const [modelDir] = process.argv.slice(2);
if (modelDir === undefined) throw new Error("Name the directory of models.");
const entries: string[] = [];
for (const model of MODELS) {
  const { name } = JSON.parse(readFileSync(join(modelDir, model, "config.json"), "utf8"));
  const listOf = (vectors: readonly string[]): string => JSON.stringify(vectors);
  entries.push(
    `  ${JSON.stringify(name)}: { right: ${listOf(rightOf(model))}, otherPooling: ${listOf(await otherOf(modelDir, model))} },`,
  );
}
writeFileSync(
  join(import.meta.dirname, "../../../src/embedding/published.ts"),
  `// Made by test/embedding/reference/published.ts: vectors of the probes (recognition.ts) as published models give them,
// 8 bits a number, and as the same files give them with the other pooling.

export interface PublishedAnswers {
  /** One a probe, base64. */
  readonly right: readonly string[];
  /** First token where the model takes the mean, and the other way round. */
  readonly otherPooling: readonly string[];
}

/** By full name. bge-base-en-v1.5 is missing: it is known by the hash of its file alone. */
export const PUBLISHED: Readonly<Record<string, PublishedAnswers>> = {
${entries.join("\n")}
};
`,
);
process.exit(0);
