/** Random numbers from a seed (mulberry32): the same texts on every machine, and in every language that asks. */
export interface Random {
  /** An integer in `[0, below)`. */
  int(below: number): number;
  pick<T>(from: readonly T[]): T;
}

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  const int = (below: number): number => Math.floor((next() / 2 ** 32) * below);
  return {
    int,
    pick(from) {
      const found = from[int(from.length)];
      if (found === undefined) throw new Error("Nothing to pick from. This is a bug.");
      return found;
    },
  };
}
