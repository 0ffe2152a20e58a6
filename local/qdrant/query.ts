import type { PointId } from "../../src/migration/ids.ts";
import type { Collection, Point } from "./collection.ts";
import { fault, formatFault, noPoint, noVectorName, unsupported } from "./fault.ts";
import { parseFilter } from "./filter.ts";
import { matches } from "./filter-match.ts";
import { writeFloat } from "./float.ts";
import { elementsOf, isObject, type Json, JsonNumber, type JsonObject } from "./json.ts";
import { orderedPoints, parseOrderBy, withOrderValue } from "./order-by.ts";
import { parsePointId } from "./point-id.ts";
import { parseLimit, type ReadRequest } from "./read.ts";
import { type ScoredPoint, search } from "./search.ts";
import { parseSelection, type Selection, writePoint } from "./selection.ts";
import type { Vector } from "./vector.ts";
import { checkLengths, parseVectorInput, storedVector, type VectorInput } from "./vector-input.ts";

const limitDefault = 10;

export interface QueryRequest extends ReadRequest {
  readonly body: JsonObject;
  readonly query: Query;
  readonly using: string;
  readonly limit: number;
  readonly offset: number;
  readonly threshold: number | undefined;
}

type Query =
  | { readonly kind: "none" }
  | { readonly kind: "sample" }
  | { readonly kind: "order-by"; readonly value: Json }
  | { readonly kind: "id"; readonly id: PointId }
  | { readonly kind: "vector"; readonly input: VectorInput };

const unsupportedMembers = ["prefetch", "lookup_from"];

const isGiven = (value: Json | undefined): boolean =>
  value !== undefined && value !== null && elementsOf(value)?.length !== 0;

/** Reads a `points/query` request. What the stand-in cannot do, such as prefetch, is refused with 501. */
export function parseQueryRequest(body: JsonObject, text: string): QueryRequest {
  const refused = unsupportedMembers.find((name) => isGiven(body.get(name)));
  if (refused !== undefined) throw unsupported(refused);
  return {
    ...parseShared(body, text),
    query: parseQuery(body.get("query") ?? null, text),
    using: textAt(body, "using", text),
  };
}

/** Reads a `points/search` request, the older form: the vector is a list or has a name. */
export function parseSearchRequest(body: JsonObject, text: string): QueryRequest {
  const given = body.get("vector");
  if (given === undefined) throw formatFault("missing field `vector`", text);
  if (!body.has("limit")) throw formatFault("missing field `limit`", text);
  const isNamed = isObject(given);
  const input = parseVectorInput((isNamed ? given.get("vector") : given) ?? null, "vector");
  if (input === undefined)
    throw formatFault("data did not match any variant of untagged enum NamedVectorStruct", text);
  return {
    ...parseShared(body, text),
    query: { kind: "vector", input },
    using: isNamed ? textAt(given, "name", text) : "",
  };
}

function parseShared(body: JsonObject, text: string): Omit<QueryRequest, "query" | "using"> {
  const threshold = body.get("score_threshold") ?? null;
  const offset = body.get("offset") ?? null;
  const params = body.get("params") ?? null;
  if (threshold !== null && !(threshold instanceof JsonNumber))
    throw formatFault("invalid type for `score_threshold`, expected f32", text);
  if (offset !== null && !(offset instanceof JsonNumber && offset.isInteger && offset.value >= 0))
    throw formatFault("invalid value for `offset`, expected usize", text);
  if (params !== null && !isObject(params))
    throw formatFault("invalid type for `params`, expected struct SearchParams", text);
  return {
    body,
    limit: parseLimit(body.get("limit"), "internal", text) ?? limitDefault,
    offset: offset instanceof JsonNumber ? offset.value : 0,
    threshold: threshold instanceof JsonNumber ? threshold.value : undefined,
    filter: parseFilter(body.get("filter"), { body: text, where: "internal.filter" }),
  };
}

function parseQuery(value: Json, text: string): Query {
  if (value === null) return { kind: "none" };
  if (value instanceof JsonNumber || typeof value === "string")
    return { kind: "id", id: parsePointId(value, text) };
  if (isObject(value) && !value.has("indices")) return parseQueryObject(value, text);
  const input = parseVectorInput(value, "query");
  if (input === undefined) throw unknownQuery(text);
  return { kind: "vector", input };
}

const unknownQuery = (text: string) =>
  formatFault("Expected some form of vector, id, or a type of query", text);

const otherQueries = [
  "recommend",
  "discover",
  "context",
  "formula",
  "relevance_feedback",
  "text",
  "image",
  "object",
];

function parseQueryObject(value: JsonObject, text: string): Query {
  const nearest = value.get("nearest");
  if (nearest !== undefined && (value.get("mmr") ?? null) === null) return parseQuery(nearest, text);
  if (value.get("sample") === "random") return { kind: "sample" };
  const order = value.get("order_by");
  if (order !== undefined) return { kind: "order-by", value: order };
  // Prefetch was refused before, so a fusion has nothing to fuse: the real server's own words.
  if (value.has("fusion") || value.has("rrf")) {
    throw fault(400, "Wrong input: Validation failed: cannot apply Fusion without prefetches");
  }
  const other = value.has("mmr") ? "mmr" : otherQueries.find((name) => value.has(name));
  if (other !== undefined) throw unsupported(`a query by ${other}`);
  throw unknownQuery(text);
}

function textAt(body: JsonObject, name: string, text: string): string {
  const value = body.get(name) ?? "";
  if (typeof value === "string") return value;
  throw formatFault(`invalid type for \`${name}\`, expected a string`, text);
}

/** Runs a query. Returns the text of the list of points. */
export function runQuery(collection: Collection, request: QueryRequest): string {
  const selection = parseSelection(request.body, collection, false);
  if (request.query.kind === "order-by")
    return runOrdered(collection, request, request.query.value, selection);
  const points = found(collection, request).map(({ point, score }) => {
    // Points that were not searched for are answered with version 0, as the real server does.
    const version = request.query.kind === "id" || request.query.kind === "vector" ? point.version : 0;
    return writePoint(collection, point, selection, `,"version":${version},"score":${writeFloat(score)}`);
  });
  return `[${points.join(",")}]`;
}

/** In the order of a field; every point of it has score 1, as the real server gives it. */
function runOrdered(
  collection: Collection,
  { filter, offset, limit }: QueryRequest,
  given: Json,
  selection: Selection,
): string {
  const order = parseOrderBy(given, collection);
  const points = orderedPoints(collection, order, filter, offset + limit).slice(offset);
  const texts = points.map(({ point, value }) => {
    const text = writePoint(collection, point, selection, ',"version":0,"score":1.0');
    return withOrderValue(text, order, value);
  });
  return `[${texts.join(",")}]`;
}

function found(collection: Collection, request: QueryRequest): ScoredPoint[] {
  const { limit, offset } = request;
  const query = request.query as Exclude<Query, { kind: "order-by" }>;
  switch (query.kind) {
    case "none":
      return firstPassing(collection, request, collection.pointsFrom(null));
    case "sample":
      return firstPassing(collection, request, shuffled([...collection.points()]));
    default:
      return nearest(collection, request, query).slice(offset, offset + limit);
  }
}

function firstPassing(collection: Collection, request: QueryRequest, points: Iterable<Point>): ScoredPoint[] {
  const passing: ScoredPoint[] = [];
  for (const point of points) {
    if (passing.length === request.offset + request.limit) break;
    if (matches(request.filter, collection, point)) passing.push({ point, score: 1 });
  }
  return passing.slice(request.offset);
}

function shuffled(points: Point[]): Point[] {
  for (let at = points.length - 1; at > 0; at -= 1) {
    const other = Math.floor(Math.random() * (at + 1));
    const [a, b] = [points[at], points[other]];
    if (a !== undefined && b !== undefined) [points[at], points[other]] = [b, a];
  }
  return points;
}

type NearestQuery = Extract<Query, { kind: "id" | "vector" }>;

function nearest(collection: Collection, request: QueryRequest, query: NearestQuery): ScoredPoint[] {
  const store = collection.store(request.using);
  if (store === undefined) throw noVectorName(request.using);
  const excluded = query.kind === "id" ? collection.point(query.id) : undefined;
  if (query.kind === "id" && excluded === undefined) throw noPoint(query.id);
  let vector: Vector | undefined;
  if (query.kind === "vector") {
    checkLengths(new Map([[request.using, query.input]]), collection.specs, false);
    vector = storedVector(query.input, store.spec);
  } else if (excluded !== undefined) vector = store.get(excluded.slot);
  if (vector === undefined) throw unsupported("a query by a point without that vector");
  const { filter, threshold } = request;
  return search(collection, {
    store,
    vector,
    filter,
    threshold,
    excluded,
    top: request.offset + request.limit,
  });
}
