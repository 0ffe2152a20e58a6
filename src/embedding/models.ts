import type { ModelDescription } from "./description.ts";

/** A model that is known by name, whether or not its files are here. */
export interface KnownModel extends ModelDescription {
  /** Name of its directory, and what people type. */
  readonly short: string;
  /** Paths at the hub by local file name; null for models that come with the project. */
  readonly hub: Readonly<Record<string, string>> | null;
}

const BERT_INPUTS = ["input_ids", "attention_mask", "token_type_ids"] as const;
const HUB_FILES = { "model.onnx": "onnx/model.onnx", "tokenizer.json": "tokenizer.json" } as const;

const ENCODER = {
  normalized: true,
  queryPrefix: "",
  passagePrefix: "",
  inputs: BERT_INPUTS,
  output: "last_hidden_state",
  padTokenId: 0,
  graph: "model.onnx",
  files: {},
  hub: HUB_FILES,
} as const;

// https://huggingface.co/BAAI/bge-base-en-v1.5#usage: queries get it, passages do not.
const BGE_QUERY_PREFIX = "Represent this sentence for searching relevant passages: ";

/** Comes with the project, so that the first run needs no network. */
const BUILT_IN = {
  ...ENCODER,
  revision: "1",
  pooling: "mean",
  inputs: ["input_ids", "attention_mask"],
  graph: "model_int8.onnx",
  hub: null,
} as const;

export const KNOWN_MODELS: readonly KnownModel[] = [
  {
    ...ENCODER,
    name: "sentence-transformers/all-MiniLM-L6-v2",
    short: "all-MiniLM-L6-v2",
    revision: "main",
    dimensions: 384,
    maxTokens: 256,
    pooling: "mean",
  },
  {
    ...ENCODER,
    name: "BAAI/bge-base-en-v1.5",
    short: "bge-base-en-v1.5",
    revision: "main",
    dimensions: 768,
    maxTokens: 512,
    pooling: "cls",
    queryPrefix: BGE_QUERY_PREFIX,
  },
  {
    ...ENCODER,
    name: "BAAI/bge-small-en-v1.5",
    short: "bge-small-en-v1.5",
    revision: "main",
    dimensions: 384,
    maxTokens: 512,
    pooling: "cls",
    queryPrefix: BGE_QUERY_PREFIX,
  },
  {
    ...ENCODER,
    name: "sentence-transformers/all-mpnet-base-v2",
    short: "all-mpnet-base-v2",
    revision: "main",
    dimensions: 768,
    maxTokens: 384,
    pooling: "mean",
    inputs: ["input_ids", "attention_mask"],
    padTokenId: 1,
  },
  { ...BUILT_IN, name: "static-384-8k", short: "static-384-8k", dimensions: 384, maxTokens: 256 },
  { ...BUILT_IN, name: "static-768-8k", short: "static-768-8k", dimensions: 768, maxTokens: 512 },
];

/** The default where its files are: the model the first user moves to. */
export const DEFAULT_MODEL = "bge-base-en-v1.5";
/** The default of a first run offline. */
export const BUILT_IN_MODEL = "static-768-8k";

/** Names are compared without case: settings files spell them in many ways. */
export const isSameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

export function findKnown(name: string): KnownModel | null {
  return KNOWN_MODELS.find((model) => isSameName(model.name, name) || isSameName(model.short, name)) ?? null;
}
