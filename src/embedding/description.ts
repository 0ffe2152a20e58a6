import { ConfigError } from "../migration/errors.ts";
import type { ModelContract } from "../migration/model.ts";

const MODEL_INPUTS = ["input_ids", "attention_mask", "token_type_ids"] as const;
export type ModelInput = (typeof MODEL_INPUTS)[number];
export type Pooling = ModelContract["pooling"];

const POOLINGS = ["cls", "mean", "pooled"] as const satisfies readonly Pooling[];

/** A model as data: what `config.json` in its directory says, with defaults filled in. */
export interface ModelDescription {
  /** Full name, e.g. `BAAI/bge-base-en-v1.5`. */
  readonly name: string;
  readonly revision: string;
  readonly dimensions: number;
  readonly maxTokens: number;
  readonly pooling: Pooling;
  readonly normalized: boolean;
  readonly queryPrefix: string;
  readonly passagePrefix: string;
  readonly inputs: readonly ModelInput[];
  /** Name of the graph's output that holds token vectors, or text vectors when pooling is `pooled`. */
  readonly output: string;
  readonly padTokenId: number;
  /** File name of the graph; null: the one `.onnx` file of the directory. */
  readonly graph: string | null;
  /** sha256 (hex) by file name; empty when only the directory's SHA256SUMS knows. */
  readonly files: Readonly<Record<string, string>>;
}

type Check = (value: unknown) => boolean;

interface Field {
  readonly allowed: string;
  readonly check: Check;
  /** undefined: the field must be there. */
  readonly fallback?: unknown;
}

const isText: Check = (value) => typeof value === "string";
const isFilled: Check = (value) => typeof value === "string" && value.trim() !== "";
const isCount: Check = (value) => Number.isInteger(value) && Number(value) > 0;
const isHash: Check = (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
// A name with a folder in it could point outside the model's directory.
const isFileName: Check = (value) =>
  typeof value === "string" && /^[\w.-]+$/.test(value) && !/^\.+$/.test(value);
const isInputs: Check = (value) =>
  Array.isArray(value) &&
  value.includes("input_ids") &&
  value.every((input) => MODEL_INPUTS.some((known) => known === input));
const isFiles: Check = (value) =>
  typeof value === "object" &&
  value !== null &&
  Object.entries(value).every(([name, hash]) => isFileName(name) && isHash(hash));

const FIELDS = {
  name: { allowed: "the model's full name", check: isFilled },
  dimension: { allowed: "the vectors' length, a positive integer", check: isCount },
  maxTokens: { allowed: "a positive integer that counts the special tokens too", check: isCount },
  pooling: { allowed: `one of ${POOLINGS.join(", ")}`, check: (value) => POOLINGS.some((p) => p === value) },
  normalize: { allowed: "true or false", check: (value) => typeof value === "boolean" },
  revision: { allowed: "the revision of the weights", check: isFilled, fallback: "local" },
  queryPrefix: { allowed: "a string", check: isText, fallback: "" },
  documentPrefix: { allowed: "a string", check: isText, fallback: "" },
  inputs: {
    allowed: `a list with input_ids, out of ${MODEL_INPUTS.join(", ")}`,
    check: isInputs,
    fallback: ["input_ids", "attention_mask"],
  },
  output: { allowed: "the name of a graph output", check: isFilled, fallback: "last_hidden_state" },
  padTokenId: {
    allowed: "a token id, 0 or more",
    check: (value) => Number.isInteger(value) && Number(value) >= 0,
    fallback: 0,
  },
  graph: { allowed: "the name of an .onnx file beside it", check: isFileName, fallback: null },
  files: { allowed: "an object from file name to sha256 in lower-case hex", check: isFiles, fallback: {} },
} satisfies Readonly<Record<string, Field>>;

// Remarks for people; read by nobody.
const REMARKS = ["what", "license", "vocab"];

function problemsOf(config: Readonly<Record<string, unknown>>): string[] {
  const known = [...Object.keys(FIELDS), ...REMARKS];
  const unknown = Object.keys(config)
    .filter((key) => !known.includes(key))
    .map((key) => `unknown key ${JSON.stringify(key)} (known: ${known.join(", ")})`);
  const wrong = Object.entries<Field>(FIELDS).flatMap(([key, field]) => {
    const value = config[key];
    if (value === undefined)
      return field.fallback === undefined ? [`${key} is missing: ${field.allowed}`] : [];
    return field.check(value) ? [] : [`${key} must be ${field.allowed}, not ${JSON.stringify(value)}`];
  });
  return [...unknown, ...wrong];
}

/**
 * Reads a model's description.
 * @param where how to name the file in an error.
 * @throws ConfigError with every problem found.
 */
export function parseDescription(where: string, text: string): ModelDescription {
  const config = parseObject(where, text);
  const problems = problemsOf(config);
  if (problems.length > 0)
    throw new ConfigError(`The model description ${where} was refused: ${problems.join("; ")}.`);
  // Every value was checked against FIELDS above: this is the one place where its type is asserted.
  const value = <T>(key: keyof typeof FIELDS): T => {
    const field: Field = FIELDS[key];
    return (config[key] ?? field.fallback) as T;
  };
  return {
    name: value("name"),
    revision: value("revision"),
    dimensions: value("dimension"),
    maxTokens: value("maxTokens"),
    pooling: value("pooling"),
    normalized: value("normalize"),
    queryPrefix: value("queryPrefix"),
    passagePrefix: value("documentPrefix"),
    inputs: value("inputs"),
    output: value("output"),
    padTokenId: value("padTokenId"),
    graph: value("graph"),
    files: value("files"),
  };
}

/** The inverse of `parseDescription`: text of a `config.json`. */
export function encodeDescription(model: ModelDescription): string {
  const config: Record<keyof typeof FIELDS, unknown> = {
    name: model.name,
    revision: model.revision,
    dimension: model.dimensions,
    maxTokens: model.maxTokens,
    pooling: model.pooling,
    normalize: model.normalized,
    queryPrefix: model.queryPrefix,
    documentPrefix: model.passagePrefix,
    inputs: model.inputs,
    output: model.output,
    padTokenId: model.padTokenId,
    graph: model.graph ?? undefined,
    files: model.files,
  };
  return `${JSON.stringify(config, null, 1)}\n`;
}

function parseObject(where: string, text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ConfigError(`The model description ${where} is not JSON; mend it or fetch the model again.`, {
      cause,
    });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new ConfigError(`The model description ${where} must be a JSON object.`);
  return { ...value };
}
