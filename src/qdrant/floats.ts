// Vectors as JSON with the fewest digits that give the same float32 back: 40 % smaller than doubles.
import { PermanentError } from "../migration/errors.ts";

// The longest spelling, `-340282350000000000000` (from 10^21 on there is an exponent), and a comma.
const BYTES_A_NUMBER = 24;
const [COMMA, MINUS, DOT, ZERO, OPEN, CLOSE] = [44, 45, 46, 48, 91, 93] as const;

/**
 * A vector as the text of a JSON array.
 * @throws PermanentError for a number that is not finite: the server would refuse it, or take it for infinity.
 */
export function encodeVector(vector: Float32Array): string {
  const bytes = Buffer.allocUnsafe(2 + vector.length * BYTES_A_NUMBER);
  let at = 0;
  bytes[at++] = OPEN;
  for (let index = 0; index < vector.length; index++) {
    const value = vector[index] ?? 0;
    if (!Number.isFinite(value)) throw new PermanentError("A vector holds a number that is not finite.");
    if (index > 0) bytes[at++] = COMMA;
    at = writeShortest(bytes, at, value);
  }
  bytes[at++] = CLOSE;
  return bytes.toString("latin1", 0, at);
}

// Powers of ten up to 10^22 are exact doubles, so an integer below 2^53 divided by one is the very double that the
// decimal would be read as: no text has to be made and parsed to try a number of digits.
const POWERS_OF_TEN = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** Writes `value` and returns the index after it. */
function writeShortest(bytes: Buffer, at: number, value: number): number {
  const magnitude = Math.abs(value);
  // Components of unit vectors, nearly all: written digit by digit. Whatever is left is rare.
  if (magnitude < 1 && magnitude >= 1e-9) return writeFraction(bytes, at, value);
  return at + bytes.write(Object.is(value, -0) ? "-0.0" : shortestText(value), at, "latin1");
}

/** Nine significant digits always identify a float32. */
function shortestText(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

/** `0.00123`: 1e-9 <= |value| < 1. */
function writeFraction(bytes: Buffer, start: number, value: number): number {
  const magnitude = Math.abs(value);
  let zeros = 0;
  while (magnitude * (POWERS_OF_TEN[zeros + 1] ?? 1) < 1) zeros++;
  const { digits, decimals } = shortestDecimal(magnitude, zeros);
  let at = start;
  if (value < 0) bytes[at++] = MINUS;
  bytes[at++] = ZERO;
  bytes[at++] = DOT;
  let rest = digits;
  for (let place = at + decimals - 1; place >= at; place--) {
    const next = Math.floor(rest / 10);
    bytes[place] = ZERO + (rest - next * 10);
    rest = next;
  }
  return at + decimals;
}

/**
 * `digits / 10^decimals` with as few decimals as give the same float32. Most need eight significant digits, so the
 * search begins there; what fits with some digits fits with more, so the first that does not ends it.
 */
function shortestDecimal(magnitude: number, zeros: number): { digits: number; decimals: number } {
  let decimals = zeros + 8;
  let power = POWERS_OF_TEN[decimals] ?? 1;
  let digits = Math.round(magnitude * power);
  if (Math.fround(digits / power) !== magnitude) {
    power = POWERS_OF_TEN[++decimals] ?? 1;
    return { digits: Math.round(magnitude * power), decimals };
  }
  while (decimals > 1) {
    power = POWERS_OF_TEN[decimals - 1] ?? 1;
    const fewer = Math.round(magnitude * power);
    // A float32 just below a power of ten rounds up to it, `1 / 10^0`: that has no place behind the point.
    if (fewer >= power || Math.fround(fewer / power) !== magnitude) break;
    digits = fewer;
    decimals--;
  }
  return { digits, decimals };
}
