import { parseDatetime } from "./datetime.ts";
import { formatFault, validationFault } from "./fault.ts";
import { elementsOf, isObject, type Json, JsonNumber, type JsonObject } from "./json.ts";
import { type JsonPath, parsePath, valuesAt } from "./json-path.ts";
import type { Payload } from "./payload.ts";

const types = ["keyword", "integer", "float", "bool", "geo", "datetime", "text", "uuid"] as const;
type IndexType = (typeof types)[number];

/** A payload index: what was asked for, and which slots hold a value it would hold. */
export interface PayloadIndex {
  readonly field: string;
  readonly path: JsonPath;
  readonly type: IndexType;
  readonly params: JsonObject | undefined;
  readonly slots: Set<number>;
}

const parameters =
  "type is_tenant prefix lookup range is_principal tokenizer min_token_len max_token_len lowercase ascii_folding " +
  "phrase_matching stopwords on_disk memory stemmer enable_hnsw";

/** Reads a field name; the real server names the position of the bad string. */
export function parseFieldName(value: Json | undefined, text: string): string {
  const field = typeof value === "string" ? value : "";
  if (parsePath(field) !== undefined) return field;
  const literal = JSON.stringify(field);
  throw formatFault(`Invalid json path: '${field}'`, text.slice(0, text.indexOf(literal) + literal.length));
}

/** Reads `field_schema`, a type or an object with a type. `slots` starts empty. */
export function parseIndex(field: string, schema: Json, text: string): PayloadIndex {
  const given = isObject(schema) ? schema.get("type") : schema;
  const type = types.find((known) => known === given);
  if (type === undefined)
    throw formatFault("data did not match any variant of untagged enum PayloadFieldSchema", text);
  const params = isObject(schema) ? readParameters(schema) : undefined;
  if (params?.get("lookup") === false && params.get("range") === false) {
    const rule = "the 'lookup' and 'range' capabilities can't be both disabled";
    throw validationFault(`field_schema.lookup: Validation error: ${rule} [{}]`);
  }
  return { field, path: parsePath(field) ?? [], type, params, slots: new Set() };
}

function readParameters(schema: JsonObject): JsonObject {
  const known = parameters.split(" ").filter((name) => (schema.get(name) ?? null) !== null);
  return new Map(known.map((name) => [name, schema.get(name) ?? null]));
}

/** Notes whether the point in `slot` has a value of the index's type. */
export function noteInIndex(index: PayloadIndex, slot: number, payload: Payload): void {
  const values = valuesAt(payload.tree, index.path);
  const singles = values.flatMap((value) => elementsOf(value) ?? [value]);
  if (singles.some((value) => isOfType(value, index.type))) index.slots.add(slot);
  else index.slots.delete(slot);
}

function isOfType(value: Json, type: IndexType): boolean {
  switch (type) {
    case "integer":
      return value instanceof JsonNumber && value.isInteger;
    case "float":
      return value instanceof JsonNumber;
    case "bool":
      return typeof value === "boolean";
    case "geo":
      return (
        isObject(value) && value.get("lon") instanceof JsonNumber && value.get("lat") instanceof JsonNumber
      );
    case "datetime":
      return typeof value === "string" && parseDatetime(value) !== undefined;
    case "uuid":
      return typeof value === "string" && isUuid(value);
    case "keyword":
    case "text":
      return typeof value === "string";
    default:
      return type satisfies never;
  }
}

export const isUuid = (text: string): boolean =>
  /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(text);

/** What collection info lists for an index. */
export function writeIndex(index: PayloadIndex): Json {
  const entry = new Map<string, Json>([["data_type", index.type]]);
  if (index.params !== undefined) entry.set("params", index.params);
  return entry.set("points", new JsonNumber(String(index.slots.size)));
}
