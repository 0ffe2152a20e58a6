import type { Call } from "./call.ts";

/** Gives the JSON text of `result`; everything else it throws. */
export type AnswerCall = (call: Call) => string | Promise<string>;

export interface Route {
  readonly method: string;
  /** `:name` stands for one part of the path. */
  readonly path: string;
  /** What a read-only key may do. */
  readonly access: "read" | "write";
  readonly answer: AnswerCall;
}

export const read = (method: string, path: string, answer: AnswerCall): Route => ({
  method,
  path,
  access: "read",
  answer,
});

export const write = (method: string, path: string, answer: AnswerCall): Route => ({
  method,
  path,
  access: "write",
  answer,
});
