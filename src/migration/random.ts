/** Numbers in [0, 1), the same ones for the same seed: what was drawn can be drawn again from the report. */
export type Random = () => number;

/**
 * Mulberry32. Statistics need even bits and a reproducible order, not secrecy.
 * `seed` is taken modulo 2^32.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `count` different elements of `list` in drawn order; all of them when there are fewer. */
export function drawDistinct<T>(list: readonly T[], count: number, random: Random): T[] {
  const pool = [...list];
  const drawn: T[] = [];
  while (drawn.length < count && pool.length > 0) {
    drawn.push(...pool.splice(Math.floor(random() * pool.length), 1));
  }
  return drawn;
}
