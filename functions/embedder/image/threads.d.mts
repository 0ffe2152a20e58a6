import type { Plugin } from "esbuild";

export declare const threadFiles: () => readonly { readonly file: string; readonly name: string }[];
export declare const threadAddresses: Plugin;
