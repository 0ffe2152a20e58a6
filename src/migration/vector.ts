// The `vector` member of a point as text: which vectors it holds, whether one is sound, and how one is replaced.
import { DEFAULTS } from "../defaults.ts";
import type { RawJson } from "./ports.ts";

/** What a sound vector of a collection looks like. */
export interface VectorShape {
  /** "" is the unnamed vector. */
  readonly name: string;
  readonly dimensions: number;
  /** True when its length must be 1 (a normalising model stored as floats). */
  readonly isUnit: boolean;
  /** True where nothing but zeros may be a vector: stored as small whole numbers, or of a model nobody knows. */
  readonly mayBeZero: boolean;
}

/** Named vectors as parsed JSON by name; an array is the unnamed vector "". */
function vectorsByName(vectors: RawJson | null): ReadonlyMap<string, unknown> {
  const parsed: unknown = vectors === null ? {} : JSON.parse(vectors);
  if (Array.isArray(parsed)) return new Map([["", parsed]]);
  if (typeof parsed !== "object" || parsed === null) return new Map();
  return new Map(Object.entries(parsed));
}

const isNumbers = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((one) => typeof one === "number");

/** True when every component is finite, the size is right, it points somewhere and, for a unit vector, has length 1. */
export function isSound(numbers: ArrayLike<number>, shape: VectorShape): boolean {
  if (numbers.length !== shape.dimensions) return false;
  let squares = 0;
  for (let index = 0; index < numbers.length; index++) {
    const value = numbers[index] ?? Number.NaN;
    if (!Number.isFinite(Math.fround(value))) return false;
    squares += value * value;
  }
  if (squares === 0) return shape.mayBeZero;
  return !shape.isUnit || Math.abs(Math.sqrt(squares) - 1) <= DEFAULTS.normTolerance;
}

export type StoredVector =
  | { readonly state: "absent" }
  | { readonly state: "unsound" }
  | { readonly state: "sound"; readonly text: RawJson };

/** The re-embedded vector of a stored point: there or not, and sound or not. */
export function storedVector(vectors: RawJson | null, shape: VectorShape): StoredVector {
  const found = vectorsByName(vectors).get(shape.name);
  if (found === undefined) return { state: "absent" };
  if (!isNumbers(found) || !isSound(found, shape)) return { state: "unsound" };
  return { state: "sound", text: JSON.stringify(found) };
}

/** The stored numbers, or null when there is no such vector. */
export function vectorNumbers(vectors: RawJson | null, name: string): Float32Array | null {
  const found = vectorsByName(vectors).get(name);
  return isNumbers(found) ? Float32Array.from(found) : null;
}

/** How many numbers the named vectors hold, however they are nested. */
export function countNumbers(vectors: RawJson | null, names: readonly string[]): number {
  if (names.length === 0) return 0;
  const byName = vectorsByName(vectors);
  return names.reduce((sum, name) => sum + numbersIn(byName.get(name)), 0);
}

function numbersIn(value: unknown): number {
  if (typeof value === "number") return 1;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce((sum: number, one) => sum + numbersIn(one), 0);
}

/**
 * The `vector` member to write: the carried vectors as they stand in `others` (as the server wrote them, or null),
 * and `vector` (text of an array, or null for none) under its name.
 */
export function composeVectors(name: string, vector: RawJson | null, others: RawJson | null): RawJson {
  const text = (others ?? "{}").trim();
  // A server writes the unnamed vector alone as an array.
  const carried = text.startsWith("[") ? `"":${text}` : text.slice(1, -1).trim();
  if (carried === "" && vector === null) return "{}";
  if (carried === "" && name === "") return vector ?? "{}";
  if (vector === null) return `{${carried}}`;
  const own = `${JSON.stringify(name)}:${vector}`;
  return carried === "" ? `{${own}}` : `{${own},${carried}}`;
}

/** True when the named vectors are the same, number by number. */
export function sameOtherVectors(a: RawJson | null, b: RawJson | null, names: readonly string[]): boolean {
  if (names.length === 0) return true;
  if (a === b) return true;
  const [one, other] = [vectorsByName(a), vectorsByName(b)];
  return names.every((name) => JSON.stringify(one.get(name)) === JSON.stringify(other.get(name)));
}

/** Cosine of two vectors of the same size; 0 when one has no length. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let index = 0; index < a.length; index++) {
    const x = a[index] ?? 0;
    const y = b[index] ?? 0;
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa === 0 || bb === 0 ? 0 : dot / Math.sqrt(aa * bb);
}
