// Parts of a JSON text, cut out without parsing them: JSON.parse would reorder keys that look like integers and
// lose how numbers were spelled. The text comes from a server that wrote valid JSON.

/** A value's place in the text: `[start, end)`. */
interface Slice {
  readonly start: number;
  readonly end: number;
}

const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const OPENING_BRACKET = 91;

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

/** Members of the object at `at`, by key (last one wins), as texts. */
export function membersAt(text: string, at = 0): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  for (const { key, slice } of slices(text, at, true)) members.set(key, text.slice(slice.start, slice.end));
  return members;
}

/** Elements of the array at `at`, as texts. */
export function elementsAt(text: string, at = 0): readonly string[] {
  return slices(text, at, false).map(({ slice }) => text.slice(slice.start, slice.end));
}

function slices(text: string, at: number, isObject: boolean): readonly { key: string; slice: Slice }[] {
  const found: { key: string; slice: Slice }[] = [];
  let index = skipSpace(text, skipSpace(text, at) + 1);
  while (index < text.length && !isClosing(text.charCodeAt(index))) {
    let key = "";
    if (isObject) {
      const end = endOfString(text, index);
      key = JSON.parse(text.slice(index, end));
      index = skipSpace(text, skipSpace(text, end) + 1);
    }
    const end = endOfValue(text, index);
    found.push({ key, slice: { start: index, end } });
    index = skipSpace(text, end);
    if (text.charCodeAt(index) === COMMA) index = skipSpace(text, index + 1);
  }
  return found;
}
