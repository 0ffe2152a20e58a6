// What a number in a JSON text is to Qdrant: an integer of 64 bits, or else a double.

/**
 * True for what Qdrant keeps as an integer, exactly. `-0`, a fraction, an exponent, or a size beyond 64 bits make
 * it a double.
 */
function isInteger64(source: string): boolean {
  if (!/^-?\d+$/.test(source) || source === "-0") return false;
  // Below 10^18 every integer fits.
  if (source.length <= 18) return true;
  const integer = BigInt(source);
  return integer >= -(2n ** 63n) && integer < 2n ** 64n;
}

/**
 * True when the two spellings are one stored number: `1e5` and `100000.0` are, `100000` is not, and neither are
 * `0.0` and `-0.0`. A double also equals the one Qdrant makes of its text: see `storedDouble`.
 */
export function sameNumber(a: string, b: string): boolean {
  if (a === b) return true;
  if (isInteger64(a) || isInteger64(b)) return false;
  const [one, other] = [Number(a), Number(b)];
  if (!Number.isFinite(one) || !Number.isFinite(other)) return false;
  return Object.is(one, other) || storedDouble(a) === other || storedDouble(b) === one;
}

/** One spelling a stored number: integers as they are, doubles with a point or an exponent. */
export function canonicalNumber(source: string): string {
  if (isInteger64(source)) return source;
  const double = Number(source);
  if (!Number.isFinite(double)) return source;
  const text = Object.is(double, -0) ? "-0" : String(double);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * The double that Qdrant's JSON library makes of a decimal: digits as an integer, times or divided by a power of
 * ten. With 17 digits this can be one bit beside the nearest double, so that a text the server wrote does not
 * always come back as it was (https://github.com/serde-rs/json/issues/1336: a fifth of all timestamps with
 * microseconds). Without this rule such a payload would be repaired for ever. Null where the library reads
 * otherwise (more digits than 64 bits hold, exponents beyond a double's).
 */
export function storedDouble(source: string): number | null {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = DECIMAL.exec(source) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const power = Number(exponent) - fraction.length;
  if (digits === "" || digits.length > 19 || Math.abs(power) > 308) return null;
  const scale = Number(`1e${Math.abs(power)}`);
  const double = power < 0 ? Number(digits) / scale : Number(digits) * scale;
  return sign === "-" ? -double : double;
}

const rawJson: ((text: string) => object) | undefined = Reflect.get(JSON, "rawJSON");

/**
 * Reviver for `JSON.parse`: a number that a JavaScript number would write otherwise (`1.0`, beyond 2^53) stays its
 * text, and `JSON.stringify` writes it back as it was. For JSON that is carried, not for numbers that are read.
 */
export function keepSpelling(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined || String(value) === source) return value;
  return rawJson === undefined ? value : rawJson(source);
}
