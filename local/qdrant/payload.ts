import { isObject, type Json, type JsonObject, parseJson, writeJson } from "./json.ts";

/** A point's payload: the text that is answered and stored, and its tree once a filter has asked for it. */
export class Payload {
  readonly text: string;
  #tree: JsonObject | undefined;

  constructor(text: string, tree?: JsonObject) {
    this.text = text;
    this.#tree = tree;
  }

  static of(tree: JsonObject): Payload {
    return new Payload(writeJson(tree));
  }

  get tree(): JsonObject {
    if (this.#tree === undefined) {
      const value: Json = parseJson(this.text);
      this.#tree = isObject(value) ? value : new Map();
    }
    return this.#tree;
  }
}

export const emptyPayload = new Payload("{}", new Map());
