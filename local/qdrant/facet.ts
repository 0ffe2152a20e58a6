import type { Collection } from "./collection.ts";
import { fault, formatFault } from "./fault.ts";
import { type Filter, parseFilter } from "./filter.ts";
import { matches } from "./filter-match.ts";
import { elementsOf, type Json, JsonNumber, type JsonObject, writeJson } from "./json.ts";
import { valuesAt } from "./json-path.ts";
import type { PayloadIndex } from "./payload-index.ts";
import { parseBoolean, parseLimit } from "./read.ts";

export interface FacetRequest {
  readonly key: string;
  readonly limit: number;
  readonly filter: Filter | undefined;
}

const limitDefault = 10;
const facetTypes = new Set(["keyword", "integer", "bool", "uuid"]);

export function parseFacet(body: JsonObject, text: string): FacetRequest {
  const key = body.get("key");
  if (typeof key !== "string") throw formatFault("missing field `key`", text);
  parseBoolean(body, "exact", text);
  return {
    key,
    limit: parseLimit(body.get("limit"), "facet_request", text) ?? limitDefault,
    filter: parseFilter(body.get("filter"), { body: text, where: "facet_request.filter" }),
  };
}

/**
 * How many points have each value of an indexed field, the most frequent first. Exact also where an estimate
 * would do. Returns the text of `result`.
 */
export function facet(collection: Collection, { key, limit, filter }: FacetRequest): string {
  const index = collection.indexes.get(key);
  if (index === undefined || !facetTypes.has(index.type)) throw noFacetIndex(key);
  const counts = new Map<string, number>();
  for (const point of collection.points()) {
    if (!index.slots.has(point.slot) || !matches(filter, collection, point)) continue;
    const values = valuesAt(point.payload.tree, index.path).flatMap((value) => elementsOf(value) ?? [value]);
    // A point that has a value twice counts once.
    const texts = new Set(values.filter((value) => isCounted(value, index)).map(writeJson));
    for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const hits = [...counts].sort(([a, m], [b, n]) => n - m || compareValues(a, b)).slice(0, limit);
  return `{"hits":[${hits.map(([value, count]) => `{"value":${value},"count":${count}}`).join(",")}]}`;
}

function isCounted(value: Json, { type }: PayloadIndex): boolean {
  if (type === "integer") return value instanceof JsonNumber && value.isInteger;
  return typeof value === (type === "bool" ? "boolean" : "string");
}

/** Texts of JSON values of one type: integers by value, all others by text. */
function compareValues(a: string, b: string): number {
  if (/^-?\d/.test(a)) return BigInt(a) < BigInt(b) ? -1 : 1;
  return a < b ? -1 : 1;
}

function noFacetIndex(key: string) {
  const where = "https://qdrant.tech/documentation/concepts/indexing/#payload-index";
  const hint = `Please create one to facet on this field. Check ${where} to see which payload schemas support Match conditions`;
  return fault(400, `Wrong input: No appropriate index for faceting: \`${key}\`. ${hint}`);
}
