/** Outcomes of points, counted. Every point of a page has exactly one outcome. */
export interface Tally {
  readonly total: number;
  readonly migrated: number;
  readonly unchanged: number;
  readonly skipped: number;
  readonly failed: number;
}

export const EMPTY_TALLY: Tally = { total: 0, migrated: 0, unchanged: 0, skipped: 0, failed: 0 };

export function addTallies(a: Tally, b: Tally): Tally {
  return {
    total: a.total + b.total,
    migrated: a.migrated + b.migrated,
    unchanged: a.unchanged + b.unchanged,
    skipped: a.skipped + b.skipped,
    failed: a.failed + b.failed,
  };
}

/** True when every point has one outcome. */
export const addsUp = (tally: Tally): boolean =>
  tally.total === tally.migrated + tally.unchanged + tally.skipped + tally.failed;

export type Counts = Readonly<Record<string, number>>;

export function addCounts(a: Counts, b: Counts): Counts {
  const sum: Record<string, number> = { ...a };
  for (const [name, count] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}
