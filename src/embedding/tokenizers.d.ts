// The package's own declarations import without file extensions, which this project's module resolution cannot
// follow. These are the parts used here, as in version 0.2.0.
declare module "@huggingface/tokenizers" {
  export interface BertNormalizerConfig {
    readonly type: "BertNormalizer";
    readonly clean_text?: boolean | null;
    readonly handle_chinese_chars?: boolean | null;
    readonly strip_accents?: boolean | null;
    readonly lowercase?: boolean | null;
  }

  /** `tokenizer.json`, as far as it is looked at here. */
  export interface TokenizerFile {
    readonly normalizer: BertNormalizerConfig | { readonly type: string } | null;
    readonly pre_tokenizer: { readonly type: string } | null;
  }

  export class Tokenizer {
    constructor(tokenizer: TokenizerFile, config: object);
    normalizer: ((text: string) => string) | null;
    pre_tokenizer: ((text: string) => string[]) | null;
    encode(text: string, options?: { readonly add_special_tokens?: boolean }): { readonly ids: number[] };
  }
}
