import { shortestDouble } from "../../src/float32.ts";

/** A double as the real server writes it in JSON: `1.0`, `-0.0`, `1e+300`; null when not finite. */
export function writeDouble(value: number): string {
  return writeShortest(value, value, 15, -5);
}

/** A float32 with the fewest digits that give the same float32 back; null when not finite. */
export function writeFloat(value: number): string {
  return writeShortest(value, shortestDouble(value), 12, -6);
}

/** `[0.5,1.0]`: a dense vector on the wire. */
export function writeFloats(vector: Float32Array): string {
  let text = "[";
  for (let index = 0; index < vector.length; index += 1) {
    text += index === 0 ? writeFloat(vector[index] ?? 0) : `,${writeFloat(vector[index] ?? 0)}`;
  }
  return `${text}]`;
}

function writeShortest(value: number, decimal: number, fixedMax: number, fixedMin: number): string {
  if (!Number.isFinite(value)) return "null";
  if (decimal === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const magnitude = Math.abs(decimal);
  // Where JavaScript writes plain decimals and so does the real server, only `.0` is missing.
  if (magnitude >= 1e-5 && magnitude < 1e12) {
    const text = String(decimal);
    return Number.isInteger(decimal) ? `${text}.0` : text;
  }
  return writeWithExponent(decimal, fixedMax, fixedMin);
}

function writeWithExponent(decimal: number, fixedMax: number, fixedMin: number): string {
  const [mantissa = "", exponentText = "0"] = decimal.toExponential().split("e");
  const exponent = Number(exponentText);
  if (exponent > fixedMax || exponent < fixedMin) return `${mantissa}e${exponentText}`;
  const sign = decimal < 0 ? "-" : "";
  const digits = mantissa.replace("-", "").replace(".", "");
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${digits.slice(exponent + 1) || "0"}`;
}
