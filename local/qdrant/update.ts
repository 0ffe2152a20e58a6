import type { PointId } from "../../src/migration/ids.ts";
import { fault, formatFault, validationFault } from "./fault.ts";
import { type Filter, parseFilter } from "./filter.ts";
import { elementsOf, isObject, type Json, type JsonObject } from "./json.ts";
import { type JsonPath, parsePath } from "./json-path.ts";
import { emptyPayload, Payload } from "./payload.ts";
import { parsePointId } from "./point-id.ts";
import { parseVectorInputs, type VectorInputs } from "./vector-input.ts";

/** A change of points as read from a request. */
export type Update =
  | {
      readonly kind: "upsert";
      readonly points: readonly PointInput[];
      readonly mode: UpdateMode;
      readonly filter: Filter | undefined;
    }
  | {
      readonly kind: "update-vectors";
      readonly points: readonly VectorsOfPoint[];
      readonly filter: Filter | undefined;
    }
  | { readonly kind: "delete"; readonly selector: Selector }
  | {
      readonly kind: "set-payload";
      readonly payload: JsonObject;
      readonly path: JsonPath;
      readonly selector: Selector;
    }
  | { readonly kind: "overwrite-payload"; readonly payload: JsonObject; readonly selector: Selector }
  | { readonly kind: "delete-payload"; readonly paths: readonly JsonPath[]; readonly selector: Selector }
  | { readonly kind: "clear-payload"; readonly selector: Selector }
  | { readonly kind: "delete-vectors"; readonly names: readonly string[]; readonly selector: Selector };

interface PointInput {
  readonly id: PointId;
  readonly payload: Payload;
  readonly vectors: VectorInputs;
}

export type VectorsOfPoint = Pick<PointInput, "id" | "vectors">;

export type Selector = { readonly ids: readonly PointId[] } | { readonly filter: Filter };

const updateModes = ["upsert", "insert_only", "update_only"] as const;
type UpdateMode = (typeof updateModes)[number];

/** The names of the operations in a batch, and what each is read with. */
const parsers: Readonly<Record<string, (body: JsonObject, text: string) => Update>> = {
  upsert: parseUpsert,
  delete: parseDelete,
  set_payload: parseSetPayload,
  overwrite_payload: (body, text) => ({
    kind: "overwrite-payload",
    payload: parsePayload(body),
    selector: parseSelector(body, text),
  }),
  delete_payload: (body, text) => ({
    kind: "delete-payload",
    paths: parseKeys(body),
    selector: parseSelector(body, text),
  }),
  clear_payload: (body, text) => ({ kind: "clear-payload", selector: parseSelector(body, text) }),
  update_vectors: parseUpdateVectors,
  delete_vectors: (body, text) => ({
    kind: "delete-vectors",
    names: parseNames(body),
    selector: parseSelector(body, text),
  }),
};

/** Reads the body of an update; `name` is the operation's name in a batch. */
export function parseUpdate(name: string, body: Json, text: string): Update {
  const parser = parsers[name];
  if (parser === undefined || !isObject(body))
    throw formatFault("invalid type, expected an update operation");
  return parser(body, text);
}

/** Reads the list of a batch: every operation before any is done. */
export function parseBatch(body: Json, text: string): Update[] {
  const operations = isObject(body) ? elementsOf(body.get("operations")) : undefined;
  if (operations === undefined) throw formatFault("missing field `operations`", text);
  return operations.map((operation) => {
    const [name, inner] = isObject(operation) ? ([...operation][0] ?? []) : [];
    if (name === undefined || inner === undefined || parsers[name] === undefined) {
      const list = text.slice(0, text.lastIndexOf("]") + 1);
      throw formatFault("data did not match any variant of untagged enum UpdateOperation", list);
    }
    return parseUpdate(name, inner, text);
  });
}

function parseUpsert(body: JsonObject, text: string): Update {
  const points = elementsOf(body.get("points"))?.map(parsePoint) ?? parsePointBatch(body.get("batch"));
  if (points === undefined) throw formatFault("Invalid PointInsertOperations format");
  if (points.length === 0) throw fault(400, "Bad request: Empty update request");
  const mode = body.get("update_mode") ?? "upsert";
  const known = updateModes.find((name) => name === mode);
  if (known === undefined) {
    throw formatFault(
      `unknown variant \`${String(mode)}\`, expected one of ${updateModes.map((name) => `\`${name}\``).join(", ")}`,
    );
  }
  return { kind: "upsert", points, mode: known, filter: updateFilter(body, text) };
}

const updateFilter = (body: JsonObject, text: string): Filter | undefined =>
  parseFilter(body.get("update_filter"), { body: text, where: "update_filter" });

function parsePoint(point: Json, at: number): PointInput {
  if (!isObject(point)) throw formatFault("invalid type, expected struct PointStruct");
  if (!point.has("id")) throw formatFault("missing field `id`");
  const id = parsePointId(point.get("id"));
  const vector = point.get("vector");
  if (vector === undefined) throw formatFault("missing field `vector`");
  return {
    id,
    payload: readPayload(point.get("payload")),
    vectors: parseVectorInputs(vector, `points[${at}].vector`),
  };
}

function parsePointBatch(batch: Json | undefined): PointInput[] | undefined {
  if (!isObject(batch)) return undefined;
  const ids = elementsOf(batch.get("ids"))?.map((id) => parsePointId(id)) ?? [];
  const vectors = batchVectors(batch.get("vectors"), ids.length);
  const payloads = elementsOf(batch.get("payloads"));
  checkCount("vectors", ids.length, vectors.length);
  if (payloads !== undefined) checkCount("payloads", ids.length, payloads.length);
  return ids.map((id, at) => ({
    id,
    payload: readPayload(payloads?.[at]),
    vectors: vectors[at] ?? new Map(),
  }));
}

/** The vectors of a batch, one entry a point: a list, or a list under each vector's name. */
function batchVectors(value: Json | undefined, count: number): VectorInputs[] {
  const where = (at: number): string => `batch.batch.vectors[${at}]`;
  const list = elementsOf(value);
  if (list !== undefined) return list.map((vector, at) => parseVectorInputs(vector, where(at)));
  if (!isObject(value)) throw formatFault("Invalid PointInsertOperations format");
  const named = [...value].map(([name, vectors]) => [name, elementsOf(vectors) ?? []] as const);
  for (const [, vectors] of named) checkCount("vectors", count, vectors.length);
  return Array.from({ length: count }, (_, at) =>
    parseVectorInputs(new Map(named.map(([name, vectors]) => [name, vectors[at] ?? null])), where(at)),
  );
}

function checkCount(what: string, ids: number, count: number): void {
  if (ids !== count)
    throw validationFault(`batch.batch: number of ids and ${what} must be equal (${ids} != ${count})`);
}

function parseUpdateVectors(body: JsonObject, text: string): Update {
  const given = elementsOf(body.get("points"));
  if (given === undefined) throw formatFault("missing field `points`", text);
  if (given.length === 0) throw fault(400, "Bad request: Empty update request");
  const points = given.map(parsePoint);
  const bare = points.findIndex(({ vectors }) => vectors.size === 0);
  if (bare >= 0) throw validationFault(`points[${bare}].vector: must specify vectors to update for point`);
  return { kind: "update-vectors", points, filter: updateFilter(body, text) };
}

function parseDelete(body: JsonObject, text: string): Update {
  if (!body.has("points") && !body.has("filter")) {
    throw formatFault("data did not match any variant of untagged enum PointsSelector");
  }
  return { kind: "delete", selector: parseSelector(body, text) };
}

function parseSetPayload(body: JsonObject, text: string): Update {
  const key = body.get("key");
  const path = typeof key === "string" ? parsePath(key) : [];
  if (path === undefined) throw formatFault(`Invalid json path: '${String(key)}'`);
  return { kind: "set-payload", payload: parsePayload(body), path, selector: parseSelector(body, text) };
}

function parseSelector(body: JsonObject, text: string): Selector {
  const ids = elementsOf(body.get("points"));
  if (ids?.length === 0) throw fault(400, "Bad request: Empty update request");
  if (ids !== undefined) return { ids: ids.map((id) => parsePointId(id)) };
  const filter = parseFilter(body.get("filter"), { body: text, where: "filter" });
  if (filter === undefined) throw formatFault("Either list of point ids or filter must be provided");
  return { filter };
}

function parsePayload(body: JsonObject): JsonObject {
  const payload = body.get("payload");
  if (payload === undefined) throw formatFault("missing field `payload`");
  return readPayload(payload).tree;
}

function readPayload(value: Json | undefined): Payload {
  if (value === undefined || value === null) return emptyPayload;
  if (!isObject(value)) throw formatFault(`invalid type: ${describe(value)}, expected a map`);
  return Payload.of(value);
}

function describe(value: Json): string {
  if (typeof value === "string") return `string ${JSON.stringify(value)}`;
  if (typeof value === "boolean") return `boolean \`${value}\``;
  return Array.isArray(value) ? "sequence" : "number";
}

function parseKeys(body: JsonObject): JsonPath[] {
  return parseNames(body, "keys").map((key) => {
    const path = parsePath(key);
    if (path === undefined) throw formatFault(`Invalid json path: '${key}'`);
    return path;
  });
}

function parseNames(body: JsonObject, member = "vector"): string[] {
  const names = elementsOf(body.get(member));
  if (names === undefined) throw formatFault(`missing field \`${member}\``);
  if (names.every((name) => typeof name === "string")) return [...names];
  throw formatFault(`invalid type in \`${member}\`, expected a string`);
}
