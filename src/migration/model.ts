/**
 * The model contract: everything that decides what vector a text becomes.
 * Stored in the metadata of the collection, so that a reader can know which model its vectors are from.
 */
export interface ModelContract {
  /** Full name, e.g. `BAAI/bge-base-en-v1.5`. */
  readonly id: string;
  /** Revision of the weights at their source. */
  readonly revision: string;
  /** sha256 (hex) of the files that change vectors: `model.onnx`, `tokenizer.json`, by file name. */
  readonly files: Readonly<Record<string, string>>;
  readonly dimensions: number;
  readonly maxTokens: number;
  /** `cls`: first token; `mean`: mean over the attention mask; `pooled`: the graph's output is the vector. */
  readonly pooling: "cls" | "mean" | "pooled";
  readonly normalized: boolean;
  readonly queryPrefix: string;
  readonly passagePrefix: string;
  /**
   * Hash of what changes vectors: all of the above but the names. Two collections with the same fingerprint may be
   * searched with the same query vectors.
   */
  readonly fingerprint: string;
}
