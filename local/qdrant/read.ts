import type { PointId } from "../../src/migration/ids.ts";
import type { Collection } from "./collection.ts";
import { fault, formatFault, validationFault } from "./fault.ts";
import { type Filter, parseFilter } from "./filter.ts";
import { matches } from "./filter-match.ts";
import { elementsOf, type Json, JsonNumber, type JsonObject } from "./json.ts";
import { orderedPoints, parseOrderBy, withOrderValue } from "./order-by.ts";
import { parsePointId, writePointId } from "./point-id.ts";
import { parseSelection, writePoint } from "./selection.ts";

const scrollLimitDefault = 10;

/** What a read asks for, as far as strict mode looks at it. */
export interface ReadRequest {
  readonly limit: number | undefined;
  readonly filter: Filter | undefined;
}

export interface ScrollRequest extends ReadRequest {
  readonly body: JsonObject;
  readonly limit: number;
  readonly offset: PointId | null;
}

export function parseScroll(body: JsonObject, text: string): ScrollRequest {
  const offset = body.get("offset") ?? null;
  return {
    body,
    limit: parseLimit(body.get("limit"), "scroll_request", text) ?? scrollLimitDefault,
    offset: offset === null ? null : parsePointId(offset, text),
    filter: parseFilter(body.get("filter"), { body: text, where: "scroll_request.filter" }),
  };
}

/** Reads a limit; undefined when absent. `where` is the request's name in the real server's messages. */
export function parseLimit(value: Json | undefined, where: string, text: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (!(value instanceof JsonNumber) || !value.isInteger)
    throw formatFault("invalid type, expected usize", text);
  if (value.value < 0) throw formatFault(`invalid value: integer \`${value.text}\`, expected usize`, text);
  if (value.value === 0) throw validationFault(`${where}.limit: value 0 invalid, must be 1 or larger`);
  return value.value;
}

/** One page in id order, or the first points by `order_by`. Returns the text of `result`. */
export function scroll(collection: Collection, request: ScrollRequest): string {
  const order = request.body.get("order_by") ?? null;
  if (order !== null) return scrollOrdered(collection, request, order);
  const selection = parseSelection(request.body, collection, true);
  const points: string[] = [];
  let next = "null";
  for (const point of collection.pointsFrom(request.offset)) {
    if (!matches(request.filter, collection, point)) continue;
    // The offset of the next page is the first id that no longer found room.
    if (points.length === request.limit) {
      next = writePointId(point.id);
      break;
    }
    points.push(writePoint(collection, point, selection));
  }
  return `{"points":[${points.join(",")}],"next_page_offset":${next}}`;
}

function scrollOrdered(collection: Collection, request: ScrollRequest, given: Json): string {
  if (request.offset !== null) {
    const hint =
      "The alternative for paging is to use `order_by.start_from` and a filter to exclude the IDs that you've " +
      "already seen for the `order_by.start_from` value";
    throw fault(400, `Wrong input: Cannot use an \`offset\` when using \`order_by\`. ${hint}`);
  }
  const order = parseOrderBy(given, collection);
  const selection = parseSelection(request.body, collection, true);
  const points = orderedPoints(collection, order, request.filter, request.limit).map(({ point, value }) =>
    withOrderValue(writePoint(collection, point, selection), order, value),
  );
  return `{"points":[${points.join(",")}],"next_page_offset":null}`;
}

/** Reads an optional member that is true or false. */
export function parseBoolean(body: JsonObject, name: string, text: string): boolean | undefined {
  const value = body.get(name) ?? undefined;
  if (value === undefined || typeof value === "boolean") return value;
  throw formatFault(`invalid type for \`${name}\`, expected a boolean`, text);
}

export function parseIds(body: JsonObject, text: string): PointId[] {
  const ids = elementsOf(body.get("ids"));
  if (ids === undefined) throw formatFault("missing field `ids`", text);
  return ids.map((id) => parsePointId(id, text));
}

/** The points of the ids that exist, each once, in the order asked for. */
export function retrieve(collection: Collection, ids: readonly PointId[], body: JsonObject): string {
  // Unlike scroll, nothing but ids when nothing is said.
  const selection = parseSelection(body, collection, false);
  const points = [...new Set(ids)].flatMap((id) => collection.point(id) ?? []);
  return `[${points.map((point) => writePoint(collection, point, selection)).join(",")}]`;
}

export function getPoint(collection: Collection, id: PointId): string {
  const point = collection.point(id);
  if (point === undefined) throw fault(404, `Not found: Point with id ${id} does not exists!`);
  return writePoint(collection, point, { payload: true, vectors: true });
}

/** The number of points that pass the filter. Exact also where only an estimate was asked for. */
export function count(collection: Collection, filter: Filter | undefined): string {
  if (filter === undefined) return `{"count":${collection.count}}`;
  let passing = 0;
  for (const point of collection.points()) if (matches(filter, collection, point)) passing += 1;
  return `{"count":${passing}}`;
}
