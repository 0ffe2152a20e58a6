import { JsonNumber, type JsonObject } from "./json.ts";

/** True when every word of `query` is a word of `text`, by the rules of a plain `word` index. */
export function holdsAll(text: string, query: string, params: JsonObject | undefined): boolean {
  const words = new Set(wordsOf(text, params));
  const wanted = wordsOf(query, params);
  return wanted.length > 0 && wanted.every((word) => words.has(word));
}

export function holdsAny(text: string, query: string, params: JsonObject | undefined): boolean {
  const words = new Set(wordsOf(text, params));
  return wordsOf(query, params).some((word) => words.has(word));
}

/** True when the words of `query` follow each other in `text`. */
export function holdsPhrase(text: string, query: string, params: JsonObject | undefined): boolean {
  const words = wordsOf(text, params);
  const wanted = wordsOf(query, params);
  return (
    wanted.length > 0 && words.some((_, at) => wanted.every((word, offset) => words[at + offset] === word))
  );
}

function wordsOf(text: string, params: JsonObject | undefined): string[] {
  const words = (params?.get("lowercase") === false ? text : text.toLowerCase()).split(
    /[^\p{Alphabetic}\p{Number}]+/u,
  );
  const shortest = lengthAt(params, "min_token_len", 1);
  const longest = lengthAt(params, "max_token_len", Number.POSITIVE_INFINITY);
  return words.filter((word) => word.length >= shortest && word.length <= longest);
}

function lengthAt(params: JsonObject | undefined, name: string, otherwise: number): number {
  const length = params?.get(name);
  return length instanceof JsonNumber ? length.value : otherwise;
}
