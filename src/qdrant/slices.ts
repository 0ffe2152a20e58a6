// Parts of a JSON text, cut out without parsing them: JSON.parse would reorder keys that look like integers and
// lose how numbers were spelled. The text comes from a server that wrote valid JSON.

const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const OPENING_BRACKET = 91;
const OPENING_BRACE = 123;

// [ and {, ] and }: the bracket and the brace differ in one bit.
const isOpening = (code: number): boolean => (code | 32) === 123;
const isClosing = (code: number): boolean => (code | 32) === 125;

const isSpace = (code: number): boolean => code === 32 || code === 9 || code === 10 || code === 13;

function skipSpace(text: string, at: number): number {
  let index = at;
  while (isSpace(text.charCodeAt(index))) index++;
  return index;
}

/** Index after the string that starts at `at`. */
function endOfString(text: string, at: number): number {
  let quote = text.indexOf('"', at + 1);
  while (quote !== -1) {
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
    quote = text.indexOf('"', quote + 1);
  }
  throw new SyntaxError("A string in the server's answer does not end.");
}

/** Index after the value that starts at `at`. */
function endOfValue(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first === QUOTE) return endOfString(text, at);
  if (!isOpening(first)) return endOfScalar(text, at);
  let depth = 0;
  for (let index = at; index < text.length; index++) {
    const code = text.charCodeAt(index);
    // Digits, commas, spaces and dots of vectors: nearly everything there is.
    if (code < QUOTE || (code > QUOTE && code < OPENING_BRACKET)) continue;
    if (code === QUOTE) index = endOfString(text, index) - 1;
    else if (isOpening(code)) depth++;
    else if (isClosing(code) && --depth === 0) return index + 1;
  }
  throw new SyntaxError("A value in the server's answer does not end.");
}

function endOfScalar(text: string, at: number): number {
  let index = at;
  while (index < text.length) {
    const code = text.charCodeAt(index);
    if (code === COMMA || isClosing(code) || isSpace(code)) break;
    index++;
  }
  return index;
}

/** Takes the value that starts at `start` and returns the index after it. */
export type Take = (start: number) => number;

/** Takes a value as it is and hands over its text. */
export const takeText =
  (text: string, use: (value: string) => void): Take =>
  (start) => {
    const end = endOfValue(text, start);
    use(text.slice(start, end));
    return end;
  };

/**
 * Goes through the object at `at` once; `take` says what is done with each value. Returns the index after it.
 * @throws SyntaxError when there is no object, or it does not end.
 */
export function walkMembers(text: string, at: number, take: (key: string) => Take): number {
  return walk(text, { at, opening: OPENING_BRACE }, (start) => {
    const end = endOfString(text, start);
    const key: string = JSON.parse(text.slice(start, end));
    return take(key)(skipSpace(text, skipSpace(text, end) + 1));
  });
}

/** The same for the elements of the array at `at`. */
export function walkElements(text: string, at: number, take: Take): number {
  return walk(text, { at, opening: OPENING_BRACKET }, take);
}

function walk(text: string, { at, opening }: { at: number; opening: number }, take: Take): number {
  const start = skipSpace(text, at);
  if (text.charCodeAt(start) !== opening)
    throw new SyntaxError(
      `There is no ${opening === OPENING_BRACE ? "object" : "array"} where one should be.`,
    );
  let index = skipSpace(text, start + 1);
  while (index < text.length) {
    if (isClosing(text.charCodeAt(index))) return index + 1;
    index = skipSpace(text, take(index));
    if (text.charCodeAt(index) === COMMA) index = skipSpace(text, index + 1);
  }
  throw new SyntaxError("A text of JSON ends in the middle.");
}

/**
 * Members of the object at `at`, by key (last one wins), as texts.
 * @throws SyntaxError when there is none, or it does not end. What lies within a member is not looked at.
 */
export function membersAt(text: string, at = 0): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  walkMembers(text, at, (key) => takeText(text, (value) => members.set(key, value)));
  return members;
}

/**
 * Elements of the array at `at`, as texts.
 * @throws SyntaxError when there is none, or it does not end.
 */
export function elementsAt(text: string, at = 0): readonly string[] {
  const elements: string[] = [];
  walkElements(
    text,
    at,
    takeText(text, (value) => elements.push(value)),
  );
  return elements;
}
