import type { Distance } from "./collection-config.ts";

/** The score of two vectors of equal length; `isBetter` of the distance says which direction is nearer. */
export function score(distance: Distance, a: Float32Array, b: Float32Array): number {
  switch (distance) {
    case "Cosine":
    case "Dot":
      return Math.fround(dot(a, b));
    case "Euclid":
      return Math.fround(Math.sqrt(squaredDistance(a, b)));
    case "Manhattan":
      return Math.fround(manhattan(a, b));
    default:
      return distance satisfies never;
  }
}

/** Distances are better when small, similarities when large. */
export const isSmallBetter = (distance: Distance): boolean =>
  distance === "Euclid" || distance === "Manhattan";

// Four sums instead of one let the processor work on four products at a time: this is the loop of every search.
export function dot(a: Float32Array, b: Float32Array): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  const whole = a.length - (a.length % 4);
  for (let at = 0; at < whole; at += 4) {
    s0 += (a[at] ?? 0) * (b[at] ?? 0);
    s1 += (a[at + 1] ?? 0) * (b[at + 1] ?? 0);
    s2 += (a[at + 2] ?? 0) * (b[at + 2] ?? 0);
    s3 += (a[at + 3] ?? 0) * (b[at + 3] ?? 0);
  }
  for (let at = whole; at < a.length; at += 1) s0 += (a[at] ?? 0) * (b[at] ?? 0);
  return s0 + s1 + s2 + s3;
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    sum += difference * difference;
  }
  return sum;
}

function manhattan(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) sum += Math.abs((a[at] ?? 0) - (b[at] ?? 0));
  return sum;
}

/**
 * Scales to length 1 in place, in float32 steps, as the real server stores vectors under Cosine. Zero vectors and
 * those already of length 1 (to 1e-6) stay as they are, so that writing back what was read changes no bit.
 */
export function normalise(values: Float32Array): void {
  const squares = values.length < 16 ? float32Squares(values) : Math.fround(dot(values, values));
  if (squares < 1.1920929e-7 || Math.abs(squares - 1) <= 1e-6) return;
  const length = Math.fround(Math.sqrt(squares));
  for (let at = 0; at < values.length; at += 1) values[at] = (values[at] ?? 0) / length;
}

// Short vectors are summed one by one there; long ones in many lanes, which comes closer to the double sum.
function float32Squares(values: Float32Array): number {
  let squares = 0;
  for (const value of values) squares = Math.fround(squares + Math.fround(value * value));
  return squares;
}
