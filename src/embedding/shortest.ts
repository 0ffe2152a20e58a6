/** The shortest decimal digits that give the same float32 back: half the size of a double's digits. */
export function shortestFloat(value: number): string {
  // Seven digits are enough for most float32 numbers, nine for all.
  for (let digits = 7; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(Number(value.toPrecision(9)));
}
