// Requests cut to what the server takes.
import { TooLargeError } from "./answer.ts";

/** Calls with fewer and fewer points where the server says that a request is too large for it. */
export async function halving<T>(count: number, read: (count: number) => Promise<T>): Promise<T> {
  try {
    return await read(count);
  } catch (error) {
    if (!(error instanceof TooLargeError) || count <= 1) throw error;
    return halving(Math.floor(count / 2), read);
  }
}

/** All parts one after the other, each halved while the server says that it is too large. */
export async function inParts<T, R>(
  all: readonly T[],
  size: number,
  call: (part: readonly T[]) => Promise<readonly R[]>,
): Promise<readonly R[]> {
  if (all.length === 0) return [];
  if (all.length > size) {
    const results: R[] = [];
    for (let start = 0; start < all.length; start += size)
      for (const one of await inParts(all.slice(start, start + size), size, call)) results.push(one);
    return results;
  }
  try {
    return await call(all);
  } catch (error) {
    if (!(error instanceof TooLargeError) || all.length === 1) throw error;
    return inParts(all, Math.ceil(all.length / 2), call);
  }
}

// Qdrant's advice is to stay under 5 MB; what surrounds the points needs little.
const REQUEST_BYTES = 4_900_000;

/** Neighbours together, at most `countMax` points and 5 MB a part. A point that is larger stands alone. */
export const partsBySize = (bodies: readonly string[], countMax: number): Iterable<readonly string[]> =>
  partsOf(bodies, countMax, (body) => body);

/** The same for anything that is written as a text. */
export function* partsOf<T>(
  all: readonly T[],
  countMax: number,
  textOf: (one: T) => string,
): Iterable<readonly T[]> {
  let part: T[] = [];
  let bytes = 0;
  for (const one of all) {
    const size = Buffer.byteLength(textOf(one)) + 1;
    if (part.length > 0 && (part.length >= countMax || bytes + size > REQUEST_BYTES)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(one);
    bytes += size;
  }
  if (part.length > 0) yield part;
}
