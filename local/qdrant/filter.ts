import type { PointId } from "../../src/migration/ids.ts";
import { parseDatetime } from "./datetime.ts";
import { formatFault, unsupported, validationFault } from "./fault.ts";
import { type GeoArea, parseGeoArea } from "./geo.ts";
import { elementsOf, isObject, type Json, JsonNumber, type JsonObject } from "./json.ts";
import { type JsonPath, parsePath } from "./json-path.ts";
import { parsePointId } from "./point-id.ts";

/** A filter as read from a request. An empty one matches everything. */
export interface Filter {
  readonly must: readonly Condition[];
  readonly should: readonly Condition[];
  readonly mustNot: readonly Condition[];
  readonly minShould: { readonly conditions: readonly Condition[]; readonly count: number } | undefined;
}

export type Condition =
  | { readonly kind: "field"; readonly key: string; readonly path: JsonPath; readonly test: FieldTest }
  | { readonly kind: "is-empty" | "is-null"; readonly key: string; readonly path: JsonPath }
  | { readonly kind: "has-id"; readonly ids: ReadonlySet<PointId> }
  | { readonly kind: "has-vector"; readonly name: string }
  | { readonly kind: "nested"; readonly path: JsonPath; readonly filter: Filter }
  | { readonly kind: "slice"; readonly total: bigint; readonly index: bigint }
  | { readonly kind: "filter"; readonly filter: Filter };

/** Bounds of a range; a bound that is not set is infinite. */
export interface Range {
  readonly gt: number | undefined;
  readonly gte: number | undefined;
  readonly lt: number | undefined;
  readonly lte: number | undefined;
}

export type Scalar = string | boolean | JsonNumber;

export type FieldTest =
  | { readonly kind: "value"; readonly value: Scalar }
  | { readonly kind: "any" | "except"; readonly values: readonly Scalar[] }
  | { readonly kind: "text" | "text_any" | "phrase" | "prefix"; readonly text: string }
  | { readonly kind: "range" | "datetime"; readonly range: Range }
  | { readonly kind: "values-count"; readonly range: Range }
  | { readonly kind: "geo"; readonly area: GeoArea }
  | { readonly kind: "empty" | "null"; readonly expected: boolean };

const unknownCondition =
  'Expected some form of condition, which can be a field condition (like {"key": ..., "match": ... }), or some ' +
  "other mentioned in the documentation: https://qdrant.tech/documentation/concepts/filtering/#filtering-conditions";

/** Where a filter stands, for messages: the body's text, and the path that validation messages begin with. */
export interface FilterPlace {
  readonly body: string;
  readonly where: string;
}

const clauses = ["should", "min_should", "must", "must_not"];

/** Reads a filter; undefined when there is none. Throws the real server's 400 and 422. */
export function parseFilter(value: Json | undefined, place: FilterPlace): Filter | undefined {
  if (value === undefined || value === null) return undefined;
  const length = elementsOf(value)?.length;
  if (length !== undefined)
    throw formatFault("invalid length 1, expected struct Filter with 4 elements", place.body);
  if (!isObject(value)) throw formatFault("expected struct Filter", place.body);
  // A misspelt clause must not become a filter that lets everything pass.
  const unknown = [...value.keys()].find((name) => !clauses.includes(name));
  if (unknown !== undefined)
    throw formatFault(
      `unknown field \`${unknown}\`, expected one of ${clauses.map((name) => `\`${name}\``).join(", ")}`,
      place.body,
    );
  return {
    must: parseConditions(value, "must", place),
    should: parseConditions(value, "should", place),
    mustNot: parseConditions(value, "must_not", place),
    minShould: parseMinShould(value.get("min_should") ?? null, place),
  };
}

function parseMinShould(value: Json, place: FilterPlace): Filter["minShould"] {
  if (value === null) return undefined;
  if (!isObject(value)) throw formatFault("expected struct MinShould", place.body);
  const count = value.get("min_count");
  for (const name of ["conditions", "min_count"])
    if (!value.has(name)) throw formatFault(`missing field \`${name}\``, place.body);
  if (!(count instanceof JsonNumber) || !count.isInteger || count.value < 0)
    throw formatFault("invalid value, expected usize", place.body);
  return { conditions: parseConditions(value, "conditions", place), count: count.value };
}

function parseConditions(filter: JsonObject, clause: string, place: FilterPlace): Condition[] {
  const given = filter.get(clause);
  if (given === undefined || given === null) return [];
  const list = elementsOf(given) ?? [given];
  return list.map((condition, at) =>
    parseCondition(condition, { ...place, where: `${place.where}.${clause}[${at}]` }),
  );
}

function parseCondition(value: Json, place: FilterPlace): Condition {
  if (!isObject(value)) throw formatFault(unknownCondition, place.body);
  const ids = elementsOf(value.get("has_id"));
  if (ids !== undefined)
    return { kind: "has-id", ids: new Set(ids.map((id) => parsePointId(id, place.body))) };
  const vector = value.get("has_vector");
  if (typeof vector === "string") return { kind: "has-vector", name: vector };
  const slice = value.get("slice");
  if (isObject(slice)) return parseSlice(slice, place);
  const nested = value.get("nested");
  if (isObject(nested)) return parseNested(nested, place);
  for (const [name, kind] of [
    ["is_empty", "is-empty"],
    ["is_null", "is-null"],
  ] as const) {
    const target = value.get(name);
    if (isObject(target)) return { kind, ...parseKey(target, place) };
  }
  if (typeof value.get("key") === "string")
    return { kind: "field", ...parseKey(value, place), test: parseTest(value, place) };
  if (clauses.some((clause) => value.has(clause))) {
    const filter = parseFilter(value, place);
    if (filter !== undefined) return { kind: "filter", filter };
  }
  throw formatFault(unknownCondition, place.body);
}

function parseKey(value: JsonObject, place: FilterPlace): { key: string; path: JsonPath } {
  const key = value.get("key");
  const path = typeof key === "string" ? parsePath(key) : undefined;
  if (typeof key !== "string" || path === undefined) throw formatFault(unknownCondition, place.body);
  return { key, path };
}

function parseSlice(slice: JsonObject, place: FilterPlace): Condition {
  const total = numberOf(slice.get("total")) ?? 0;
  const index = numberOf(slice.get("index")) ?? 0;
  if (total < 1) throw validationFault(`${place.where}.total: value ${total} invalid, must be 1 or larger`);
  if (index >= total) {
    const rule = "Slice index must be less than the total number of slices";
    throw validationFault(`${place.where}.__all__: Validation error: ${rule} [{}]`);
  }
  return { kind: "slice", total: BigInt(total), index: BigInt(index) };
}

function parseNested(nested: JsonObject, place: FilterPlace): Condition {
  const filter = parseFilter(nested.get("filter"), place);
  if (filter === undefined) throw formatFault(unknownCondition, place.body);
  const { path } = parseKey(nested, place);
  // Nested conditions are about the elements of an array, whether the key says `[]` or not.
  return { kind: "nested", path: path.at(-1) === "every" ? path : [...path, "every"], filter };
}

const testNames = [
  "match",
  "range",
  "values_count",
  "geo_radius",
  "geo_bounding_box",
  "geo_polygon",
  "is_empty",
  "is_null",
];

function parseTest(value: JsonObject, place: FilterPlace): FieldTest {
  const given = testNames.filter((name) => (value.get(name) ?? null) !== null);
  if (given.length === 0) {
    const rule = "At least one field condition must be specified";
    throw validationFault(`${place.where}.__all__: Validation error: ${rule} [{}]`);
  }
  if (given.length > 1) throw unsupported("several tests in one field condition");
  const match = value.get("match");
  if (isObject(match)) return parseMatch(match, place);
  const range = value.get("range");
  if (isObject(range)) return parseRange(range, place);
  const count = value.get("values_count");
  if (isObject(count)) return { kind: "values-count", range: readRange(count, numberOf) };
  for (const [name, kind] of [
    ["is_empty", "empty"],
    ["is_null", "null"],
  ] as const) {
    const expected = value.get(name);
    if (typeof expected === "boolean") return { kind, expected };
  }
  const area = parseGeoArea(value);
  if (area !== undefined) return { kind: "geo", area };
  throw formatFault(unknownCondition, place.body);
}

function parseMatch(match: JsonObject, place: FilterPlace): FieldTest {
  const value = match.get("value");
  if (isScalar(value)) return { kind: "value", value };
  for (const kind of ["any", "except"] as const) {
    const values = elementsOf(match.get(kind));
    // All strings or all integers, never booleans: a mixture is no variant of the real server's.
    if (values?.every((one) => typeof one === "string")) return { kind, values };
    if (values?.every((one): one is JsonNumber => one instanceof JsonNumber && isScalar(one)))
      return { kind, values };
  }
  for (const kind of ["text", "text_any", "phrase", "prefix"] as const) {
    const text = match.get(kind);
    if (typeof text === "string") return { kind, text };
  }
  throw formatFault(unknownCondition, place.body);
}

const isScalar = (value: Json | undefined): value is Scalar =>
  typeof value === "string" ||
  typeof value === "boolean" ||
  // Integers of a filter are signed there; the upper half of the unsigned ones cannot be asked for.
  (value instanceof JsonNumber && value.isInteger && BigInt(value.text) < 2n ** 63n);

function parseRange(range: JsonObject, place: FilterPlace): FieldTest {
  const isDatetime = [...range.values()].some((bound) => typeof bound === "string");
  if (!isDatetime) return { kind: "range", range: readRange(range, numberOf) };
  const bound = (value: Json | undefined): number | undefined => {
    if (value === undefined || value === null) return undefined;
    const time = typeof value === "string" ? parseDatetime(value) : undefined;
    if (time !== undefined) return time;
    const hint = "does not match accepted datetime format (RFC3339). Example: 2014-01-01T00:00:00Z";
    throw formatFault(`'${typeof value === "string" ? value : ""}' ${hint}`, place.body);
  };
  return { kind: "datetime", range: readRange(range, bound) };
}

function readRange(range: JsonObject, bound: (value: Json | undefined) => number | undefined): Range {
  const [gt, gte, lt, lte] = ["gt", "gte", "lt", "lte"].map((name) => bound(range.get(name)));
  return { gt, gte, lt, lte };
}

const numberOf = (value: Json | undefined): number | undefined =>
  value instanceof JsonNumber ? value.value : undefined;

/** Every condition of a filter, those inside other filters too. */
export function conditionsOf(filter: Filter): Condition[] {
  const own = [...filter.must, ...filter.should, ...filter.mustNot, ...(filter.minShould?.conditions ?? [])];
  return own.flatMap((condition) => ("filter" in condition ? conditionsOf(condition.filter) : [condition]));
}
