/**
 * The id of a point, in one canonical spelling: an unsigned 64-bit integer as decimal digits, or a UUID in
 * lower case with hyphens. A string, because integers beyond 2^53 do not survive a JavaScript number; the
 * hyphens tell the two kinds apart. Only `src/qdrant/` knows how an id is written on the wire.
 */
export type PointId = string;

/** Half-open part `[lo, hi)` of the id space; null means the open end. */
export interface Interval {
  readonly lo: PointId | null;
  readonly hi: PointId | null;
}

const isUuid = (id: PointId): boolean => id.length === 36 && id[8] === "-";

/**
 * Qdrant's scroll order: integers by value, then UUIDs by value.
 * Returns a negative number, 0 or a positive number.
 */
export function compareIds(a: PointId, b: PointId): number {
  const aIsUuid = isUuid(a);
  if (aIsUuid !== isUuid(b)) return aIsUuid ? 1 : -1;
  if (!aIsUuid && a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** True when `id` lies in `[lo, hi)`. */
export function isInside(id: PointId, { lo, hi }: Interval): boolean {
  return (lo === null || compareIds(id, lo) >= 0) && (hi === null || compareIds(id, hi) < 0);
}
