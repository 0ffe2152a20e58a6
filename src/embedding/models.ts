import type { ModelDescription } from "./description.ts";

/** A file at the hub, at the model's pinned revision. */
interface HubFile {
  readonly path: string;
  readonly bytes: number;
}

/** A model that is known by name, whether or not its files are here. */
export interface KnownModel extends ModelDescription {
  /** Name of its directory, and what people type. */
  readonly short: string;
  /** By local file name; null for models that come with the project. */
  readonly hub: Readonly<Record<string, HubFile>> | null;
}

interface HubEntry
  extends Pick<ModelDescription, "name" | "revision" | "dimensions" | "maxTokens" | "pooling">,
    Partial<Pick<ModelDescription, "queryPrefix" | "inputs" | "padTokenId">> {
  readonly graph: { readonly bytes: number; readonly sha256: string };
  readonly tokenizer: { readonly bytes: number; readonly sha256: string };
}

/** A BERT-like encoder as the hub carries it: `onnx/model.onnx` in float32, `tokenizer.json` beside. */
function hubModel({ graph, tokenizer, ...entry }: HubEntry): KnownModel {
  return {
    normalized: true,
    queryPrefix: "",
    passagePrefix: "",
    inputs: ["input_ids", "attention_mask", "token_type_ids"],
    output: "last_hidden_state",
    padTokenId: 0,
    ...entry,
    short: entry.name.slice(entry.name.indexOf("/") + 1),
    graph: "model.onnx",
    files: { "model.onnx": graph.sha256, "tokenizer.json": tokenizer.sha256 },
    hub: {
      "model.onnx": { path: "onnx/model.onnx", bytes: graph.bytes },
      "tokenizer.json": { path: "tokenizer.json", bytes: tokenizer.bytes },
    },
  };
}

/** Comes with the project, so that the first run needs no network. */
function builtIn(short: string, dimensions: number, maxTokens: number): KnownModel {
  return {
    name: short,
    short,
    revision: "1",
    dimensions,
    maxTokens,
    pooling: "mean",
    normalized: true,
    queryPrefix: "",
    passagePrefix: "",
    inputs: ["input_ids", "attention_mask"],
    output: "last_hidden_state",
    padTokenId: 0,
    graph: "model_int8.onnx",
    files: {},
    hub: null,
  };
}

// https://huggingface.co/BAAI/bge-base-en-v1.5#usage: queries get it, passages do not.
const BGE_QUERY_PREFIX = "Represent this sentence for searching relevant passages: ";
// Both bge models have the vocabulary of bert-base-uncased in the same file.
const BGE_TOKENIZER = {
  bytes: 711_396,
  sha256: "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66",
} as const;

export const KNOWN_MODELS: readonly KnownModel[] = [
  hubModel({
    name: "sentence-transformers/all-MiniLM-L6-v2",
    revision: "1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
    dimensions: 384,
    maxTokens: 256,
    pooling: "mean",
    graph: {
      bytes: 90_405_214,
      sha256: "6fd5d72fe4589f189f8ebc006442dbb529bb7ce38f8082112682524616046452",
    },
    tokenizer: {
      bytes: 466_247,
      sha256: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    },
  }),
  hubModel({
    name: "BAAI/bge-base-en-v1.5",
    revision: "a5beb1e3e68b9ab74eb54cfd186867f64f240e1a",
    dimensions: 768,
    maxTokens: 512,
    pooling: "cls",
    queryPrefix: BGE_QUERY_PREFIX,
    graph: {
      bytes: 435_811_539,
      sha256: "9bc579acdba21c253c62a9bf866891355a63ffa3442b52c8a37d75b2ccb91848",
    },
    tokenizer: BGE_TOKENIZER,
  }),
  hubModel({
    name: "BAAI/bge-small-en-v1.5",
    revision: "5c38ec7c405ec4b44b94cc5a9bb96e735b38267a",
    dimensions: 384,
    maxTokens: 512,
    pooling: "cls",
    queryPrefix: BGE_QUERY_PREFIX,
    graph: {
      bytes: 133_093_490,
      sha256: "828e1496d7fabb79cfa4dcd84fa38625c0d3d21da474a00f08db0f559940cf35",
    },
    tokenizer: BGE_TOKENIZER,
  }),
  hubModel({
    name: "sentence-transformers/all-mpnet-base-v2",
    revision: "e8c3b32edf5434bc2275fc9bab85f82640a19130",
    dimensions: 768,
    maxTokens: 384,
    pooling: "mean",
    inputs: ["input_ids", "attention_mask"],
    padTokenId: 1,
    graph: {
      bytes: 435_826_548,
      sha256: "74187b16d9c946fea252e120cfd7a12c5779d8b8b86838a2e4c56573c47941bd",
    },
    tokenizer: {
      bytes: 466_021,
      sha256: "b8be2c30ba5dd723a6d5ee26d013da103d5408d92ddcb23747622f9e48f1d842",
    },
  }),
  builtIn("static-384-8k", 384, 256),
  builtIn("static-768-8k", 768, 512),
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
