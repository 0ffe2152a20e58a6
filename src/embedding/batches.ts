/** A run of the model: positions in the list of texts, and the length all of them are padded to. */
export interface Batch {
  readonly rows: readonly number[];
  readonly width: number;
}

/**
 * Cuts texts into batches whose padded size, rows x longest, stays within the budget; a single text longer than
 * the budget is a batch of its own. Longest first: neighbours in length share a batch, so little is padding, and
 * the runtime's memory has its final size after the first run.
 * @param lengths tokens of each text.
 */
export function planBatches(lengths: ArrayLike<number>, tokensMax: number): Batch[] {
  const order = Array.from(lengths, (_, index) => index).sort(
    (a, b) => (lengths[b] ?? 0) - (lengths[a] ?? 0) || a - b,
  );
  const batches: Batch[] = [];
  let rows: number[] = [];
  let width = 0;
  for (const index of order) {
    if (rows.length > 0 && (rows.length + 1) * width > tokensMax) {
      batches.push({ rows, width });
      rows = [];
    }
    if (rows.length === 0) width = lengths[index] ?? 0;
    rows.push(index);
  }
  if (rows.length > 0) batches.push({ rows, width });
  return batches;
}
