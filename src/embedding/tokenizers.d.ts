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

  export class BertNormalizer {
    constructor(config: BertNormalizerConfig);
    readonly config: BertNormalizerConfig;
    normalize(text: string): string;
  }

  export class Tokenizer {
    constructor(tokenizer: object, config: object);
    normalizer: object | null;
    encode(text: string, options?: { readonly add_special_tokens?: boolean }): { readonly ids: number[] };
  }
}
