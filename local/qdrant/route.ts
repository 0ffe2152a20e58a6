import type { Call } from "./call.ts";

/** A handler answers with the JSON text of `result`; everything else it throws. */
export type Handler = (call: Call) => string | Promise<string>;

export interface Route {
  readonly method: string;
  /** `:name` stands for one part of the path. */
  readonly path: string;
  /** What a read-only key may do. */
  readonly access: "read" | "write";
  readonly handler: Handler;
}

export const read = (method: string, path: string, handler: Handler): Route => ({
  method,
  path,
  access: "read",
  handler,
});

export const write = (method: string, path: string, handler: Handler): Route => ({
  method,
  path,
  access: "write",
  handler,
});
