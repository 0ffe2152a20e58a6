/**
 * The id of a point, in one canonical spelling: an unsigned 64-bit integer as decimal digits, or a UUID in
 * lower case with hyphens. A string, because integers beyond 2^53 do not survive a JavaScript number; the
 * hyphens tell the two kinds apart. In a collection with shard keys an id is unique only within its key: there the
 * key's JSON text stands before it, `"tenant a"/17`. Only `src/qdrant/` knows how an id is written on the wire.
 */
export type PointId = string;

/** Half-open part `[lo, hi)` of the id space; null means the open end. */
export interface Interval {
  readonly lo: PointId | null;
  readonly hi: PointId | null;
}

/** An id taken apart: its shard key as JSON text (null: the collection has none), and the id within that key. */
export interface Placed {
  readonly shard: string | null;
  readonly id: string;
}

/** No id comes before it. */
export const FIRST_ID = "0";

/** Neither integers nor UUIDs have a slash; a key may. */
export function placeOf(id: PointId): Placed {
  const slash = id.lastIndexOf("/");
  return slash < 0 ? { shard: null, id } : { shard: id.slice(0, slash), id: id.slice(slash + 1) };
}

export const placed = ({ shard, id }: Placed): PointId => (shard === null ? id : `${shard}/${id}`);

const isUuid = (id: string): boolean => id.length === 36 && id[8] === "-";

/**
 * The order in which points are read: by shard key (by its JSON text; no key comes first), and within one in
 * Qdrant's scroll order: integers by value, then UUIDs by value.
 * Returns a negative number, 0 or a positive number.
 */
export function compareIds(a: PointId, b: PointId): number {
  if (!a.includes("/") && !b.includes("/")) return compareWithinShard(a, b);
  const [left, right] = [placeOf(a), placeOf(b)];
  return compareShards(left.shard, right.shard) || compareWithinShard(left.id, right.id);
}

export function compareShards(a: string | null, b: string | null): number {
  const [left, right] = [a ?? "", b ?? ""];
  return left < right ? -1 : left > right ? 1 : 0;
}

function compareWithinShard(a: string, b: string): number {
  const aIsUuid = isUuid(a);
  if (aIsUuid !== isUuid(b)) return aIsUuid ? 1 : -1;
  if (!aIsUuid && a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** True when `id` lies in `[lo, hi)`. */
export function isInside(id: PointId, { lo, hi }: Interval): boolean {
  return (lo === null || compareIds(id, lo) >= 0) && (hi === null || compareIds(id, hi) < 0);
}
