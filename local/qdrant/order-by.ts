import type { Collection, Point } from "./collection.ts";
import { parseDatetime } from "./datetime.ts";
import { fault, formatFault } from "./fault.ts";
import type { Filter } from "./filter.ts";
import { matches } from "./filter-match.ts";
import { writeDouble } from "./float.ts";
import { elementsOf, isObject, type Json, JsonNumber } from "./json.ts";
import { valuesAt } from "./json-path.ts";
import type { PayloadIndex } from "./payload-index.ts";

export interface OrderBy {
  readonly index: PayloadIndex;
  readonly isDescending: boolean;
  readonly startFrom: number | undefined;
}

/** A point with the value it is ordered by; a field with a list stands once for each of its values. */
export interface OrderedPoint {
  readonly point: Point;
  readonly value: number;
}

const rangeTypes = new Set(["integer", "float", "datetime"]);

/** Reads `order_by`; refuses a field without an index that has an order, as the real server does. */
export function parseOrderBy(value: Json, collection: Collection): OrderBy {
  const key = isObject(value) ? value.get("key") : value;
  if (typeof key !== "string")
    throw formatFault("data did not match any variant of untagged enum OrderByInterface");
  const index = collection.indexes.get(key);
  if (index === undefined || !rangeTypes.has(index.type) || index.params?.get("range") === false) {
    const where = "https://qdrant.tech/documentation/concepts/indexing/#payload-index";
    const hint = `Please create one to use \`order_by\`. Check ${where} to see which payload schemas support Range conditions`;
    throw fault(400, `Wrong input: No range index for \`order_by\` key: \`${key}\`. ${hint}`);
  }
  const start = isObject(value) ? (value.get("start_from") ?? null) : null;
  return {
    index,
    isDescending: isObject(value) && value.get("direction") === "desc",
    startFrom: start === null ? undefined : numberOf(start),
  };
}

/** The first points in the order asked for. Equal values follow their ids; a real server does not promise that. */
export function orderedPoints(
  collection: Collection,
  order: OrderBy,
  filter: Filter | undefined,
  limit: number,
): OrderedPoint[] {
  const ordered: OrderedPoint[] = [];
  for (const point of collection.pointsFrom(null)) {
    if (!order.index.slots.has(point.slot) || !matches(filter, collection, point)) continue;
    for (const value of valuesOf(point, order)) if (isReached(value, order)) ordered.push({ point, value });
  }
  const direction = order.isDescending ? -1 : 1;
  return ordered.sort((a, b) => (a.value - b.value) * direction).slice(0, limit);
}

/** The text of a point with the value it was ordered by at its end. */
export function withOrderValue(point: string, { index }: OrderBy, value: number): string {
  return `${point.slice(0, -1)},"order_value":${index.type === "float" ? writeDouble(value) : String(value)}}`;
}

function valuesOf(point: Point, order: OrderBy): number[] {
  const values = valuesAt(point.payload.tree, order.index.path).flatMap(
    (value) => elementsOf(value) ?? [value],
  );
  const isInteger = order.index.type === "integer";
  const fitting = values.filter((value) => !(isInteger && value instanceof JsonNumber && !value.isInteger));
  return fitting.map(numberOf).filter((value) => value !== undefined);
}

function numberOf(value: Json): number | undefined {
  if (value instanceof JsonNumber) return value.value;
  return typeof value === "string" ? parseDatetime(value) : undefined;
}

function isReached(value: number, { startFrom, isDescending }: OrderBy): boolean {
  if (startFrom === undefined) return true;
  return isDescending ? value <= startFrom : value >= startFrom;
}
