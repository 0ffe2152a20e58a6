import { fault } from "./fault.ts";
import { writeDouble } from "./float.ts";

/**
 * A JSON value that keeps what a JavaScript value would lose: integers to 64 bits, `1.0` apart from `1`, the
 * order of keys, and a key named `__proto__`. Objects are Maps for that reason.
 */
export type Json = null | boolean | string | JsonNumber | JsonNumbers | readonly Json[] | JsonObject;
export type JsonObject = ReadonlyMap<string, Json>;

/** A number as the real server writes it: integers of 64 bits exactly, everything else as a double. */
export class JsonNumber {
  readonly text: string;
  readonly isInteger: boolean;

  constructor(source: string) {
    this.isInteger = isInteger64(source);
    this.text = this.isInteger ? source : writeDouble(Number(source));
  }

  get value(): number {
    return Number(this.text);
  }
}

/** A long array of plain numbers, left as text: vectors are most of the traffic and need no node a number. */
export class JsonNumbers {
  readonly text: string;
  readonly numbers: readonly number[];

  private constructor(text: string, numbers: readonly number[]) {
    this.text = text;
    this.numbers = numbers;
  }

  /** Undefined when the text is not an array of numbers alone, all of them finite. */
  static parse(text: string): JsonNumbers | undefined {
    try {
      const numbers: unknown = JSON.parse(text);
      return isNumbers(numbers) ? new JsonNumbers(text, numbers) : undefined;
    } catch {
      return undefined;
    }
  }

  elements(): JsonNumber[] {
    const inner = this.text.slice(1, -1).trim();
    return inner === "" ? [] : inner.split(",").map((number) => new JsonNumber(number.trim()));
  }
}

const isNumbers = (value: unknown): value is number[] => Array.isArray(value) && value.every(Number.isFinite);

export const isObject = (value: Json | undefined): value is JsonObject => value instanceof Map;

/** The elements of an array in either of its two forms; undefined for anything else. */
export function elementsOf(value: Json | undefined): readonly Json[] | undefined {
  if (value instanceof JsonNumbers) return value.elements();
  return Array.isArray(value) ? value : undefined;
}

// The real server reads -0 as a double, and integers outside [-2^63, 2^64) too.
function isInteger64(source: string): boolean {
  if (!/^-?\d+$/.test(source) || source === "-0") return false;
  if (source.length < 16) return true;
  const integer = BigInt(source);
  return integer >= -(2n ** 63n) && integer < 2n ** 64n;
}

const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// Only arrays longer than this are worth the second pass of JSON.parse; payloads' short lists become nodes.
const numbersStart = /\[\s*[-\d]/y;
const numbersCharsMin = 64;
// A body is read recursively; the real server stops at the same depth.
const depthMax = 128;

/** Reads one JSON text. Throws the 400 of the real server, which names line and column. */
export function parseJson(text: string): Json {
  return new Reader(text).whole();
}

function unquoted(literal: string): string | undefined {
  try {
    const value: unknown = JSON.parse(literal);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Json {
    this.#space();
    if (this.#at === this.#text.length) this.#fail("EOF while parsing a value", this.#at);
    const value = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) this.#fail("trailing characters");
    return value;
  }

  #value(depth: number): Json {
    if (depth >= depthMax) this.#fail("recursion limit exceeded");
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): JsonObject {
    const members = new Map<string, Json>();
    this.#at += 1;
    for (let isFirst = true; !this.#closes("}", isFirst); isFirst = false) {
      if (this.#text[this.#at] !== '"') this.#fail("key must be a string");
      const key = this.#string();
      this.#space();
      if (this.#text[this.#at] !== ":") this.#fail("expected `:`");
      this.#at += 1;
      this.#space();
      members.set(key, this.#value(depth + 1));
    }
    return members;
  }

  #array(depth: number): Json {
    const numbers = this.#numbers();
    if (numbers !== undefined) return numbers;
    const elements: Json[] = [];
    this.#at += 1;
    for (let isFirst = true; !this.#closes("]", isFirst); isFirst = false)
      elements.push(this.#value(depth + 1));
    return elements;
  }

  /** A long array that begins with a number, if the engine's own parser finds nothing but numbers in it. */
  #numbers(): JsonNumbers | undefined {
    numbersStart.lastIndex = this.#at;
    if (!numbersStart.test(this.#text)) return undefined;
    const end = this.#text.indexOf("]", this.#at) + 1;
    if (end - this.#at < numbersCharsMin) return undefined;
    const numbers = JsonNumbers.parse(this.#text.slice(this.#at, end));
    if (numbers !== undefined) this.#at = end;
    return numbers;
  }

  /** Steps over a comma to the next member or over the closing bracket; true when closed. */
  #closes(bracket: string, isFirst: boolean): boolean {
    this.#space();
    if (this.#text[this.#at] === bracket) {
      this.#at += 1;
      return true;
    }
    if (!isFirst) {
      if (this.#at >= this.#text.length) this.#fail("EOF while parsing", this.#at);
      if (this.#text[this.#at] !== ",") this.#fail(`expected \`,\` or \`${bracket}\``);
      this.#at += 1;
      this.#space();
      if (this.#text[this.#at] === bracket) this.#fail("trailing comma");
    }
    return false;
  }

  #string(): string {
    const end = this.#stringEnd();
    const value = unquoted(this.#text.slice(this.#at, end));
    if (value === undefined) this.#fail("invalid string");
    // Half of a surrogate pair, which can only be written as an escape, is no text and refused there too.
    if (!value.isWellFormed()) this.#fail("lone leading surrogate in hex escape");
    this.#at = end;
    return value;
  }

  /** Behind the closing quote: the first one with an even number of backslashes before it. */
  #stringEnd(): number {
    for (
      let quote = this.#text.indexOf('"', this.#at + 1);
      quote >= 0;
      quote = this.#text.indexOf('"', quote + 1)
    ) {
      let backslashes = 0;
      while (this.#text[quote - 1 - backslashes] === "\\") backslashes += 1;
      if (backslashes % 2 === 0) return quote + 1;
    }
    return this.#fail("EOF while parsing a string", this.#text.length);
  }

  #word<Value>(word: string, value: Value): Value {
    if (!this.#text.startsWith(word, this.#at)) this.#fail("expected ident");
    this.#at += word.length;
    return value;
  }

  #number(): JsonNumber {
    const source = this.#match(numberPattern);
    if (source === undefined) this.#fail("expected value");
    if (!Number.isFinite(Number(source))) this.#fail("number out of range");
    return new JsonNumber(source);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  // Called for every token: most of the time there is no space at all.
  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at += 1;
    }
  }

  #fail(what: string, at = this.#at + 1): never {
    const lines = this.#text.slice(0, at).split("\n");
    const column = Buffer.byteLength(lines.at(-1) ?? "");
    throw fault(400, `Format error in JSON body: ${what} at line ${lines.length} column ${column}`);
  }
}

/** The members of `given` beside those of `base`. Null takes a member out, as the real server merges payloads. */
export function merged(base: Json | undefined, given: JsonObject): JsonObject {
  const members = new Map(isObject(base) ? base : []);
  for (const [key, value] of given) {
    if (value === null) members.delete(key);
    else members.set(key, value);
  }
  return members;
}

/** The text the real server writes for a value: no spaces, keys in their order. */
export function writeJson(value: Json): string {
  if (value instanceof JsonNumber) return value.text;
  const elements = elementsOf(value);
  if (elements !== undefined) return `[${elements.map(writeJson).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  return `{${[...value].map(([key, member]) => `${JSON.stringify(key)}:${writeJson(member)}`).join(",")}}`;
}
