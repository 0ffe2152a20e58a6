import type { BuildOptions } from "esbuild";

export declare const threadFiles: () => readonly { readonly file: string; readonly name: string }[];
export declare const bundling: BuildOptions;
