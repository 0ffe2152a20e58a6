import type { Collection } from "./collection.ts";
import { objectAt } from "./collection-config.ts";
import { fault, type QdrantFault } from "./fault.ts";
import { type Condition, conditionsOf, type FieldTest, type Filter, type Scalar } from "./filter.ts";
import { writeFloat } from "./float.ts";
import { isObject, type Json, JsonNumber, type JsonObject } from "./json.ts";
import { isUuid, type PayloadIndex } from "./payload-index.ts";
import type { Update } from "./update.ts";

/** The limits a collection sets on requests; undefined when strict mode is off. */
export function strictModeOf(collection: Collection): JsonObject | undefined {
  const limits = collection.config.get("strict_mode_config");
  return isObject(limits) && limits.get("enabled") === true ? limits : undefined;
}

export function limitAt(limits: JsonObject | undefined, name: string): number | undefined {
  const limit = limits?.get(name);
  return limit instanceof JsonNumber ? limit.value : undefined;
}

const help = (what: string, then: string): QdrantFault => fault(400, `Bad request: ${what}. Help: ${then}.`);

function refuseOver(limits: JsonObject, name: string, value: number | undefined, called: string): void {
  const limit = limitAt(limits, name);
  if (value === undefined || limit === undefined || value <= limit) return;
  throw help(
    `Limit exceeded ${value} > ${limit} for "${called}"`,
    `Reduce the "${called}" parameter to or below ${limit}`,
  );
}

/** What strict mode looks at in a read or a search. `timeout` in seconds. */
export interface Checked {
  readonly limit?: number | undefined;
  readonly filter?: Filter | undefined;
  readonly timeout?: number | undefined;
  readonly params?: Json | undefined;
}

/** Refuses a read that is over a limit of the collection. */
export function checkRead(collection: Collection, request: Checked): void {
  const limits = strictModeOf(collection);
  if (limits === undefined) return;
  refuseOver(limits, "max_query_limit", request.limit, "limit");
  refuseOver(limits, "max_timeout", request.timeout, "timeout");
  checkFilter(collection, limits, request.filter, "unindexed_filtering_retrieve");
  if (isObject(request.params)) checkSearchParams(limits, request.params);
}

function checkSearchParams(limits: JsonObject, params: JsonObject): void {
  if (params.get("exact") === true && limits.get("search_allow_exact") === false) {
    throw help("Exact search disabled!", "Set exact=false");
  }
  refuseOver(limits, "search_max_hnsw_ef", limitAt(params, "hnsw_ef"), "hnsw_ef");
  const oversampling = limitAt(objectAt(params, "quantization"), "oversampling");
  refuseOver(limits, "search_max_oversampling", oversampling, "oversampling");
}

export function checkSearchBatch(collection: Collection, size: number): void {
  const limits = strictModeOf(collection);
  if (limits !== undefined) refuseOver(limits, "search_max_batchsize", size, "search batch size");
}

/** Refuses an update that is over a limit. The filter of a conditional upsert is not looked at, as there. */
export function checkUpdate(collection: Collection, update: Update): void {
  const limits = strictModeOf(collection);
  if (limits === undefined) return;
  if ("points" in update) {
    const called = update.kind === "upsert" ? "upsert limit" : "update limit";
    refuseOver(limits, "upsert_max_batchsize", update.points.length, called);
    checkSize(collection, limits);
    checkVectorLengths(limits, update);
  }
  if ("selector" in update && "filter" in update.selector) {
    checkFilter(collection, limits, update.selector.filter, "unindexed_filtering_update");
  }
}

// The real server measures a collection at the first write that it checks and then at every 32nd.
const measuredEvery = 32;
const measured = new WeakMap<Collection, { checks: number; vectorBytes: number; count: number }>();

function sizeOfCollection(collection: Collection): { readonly vectorBytes: number; readonly count: number } {
  const size = measured.get(collection) ?? { checks: 0, vectorBytes: 0, count: 0 };
  if (size.checks % measuredEvery === 0) {
    size.vectorBytes = collection.vectorBytes;
    size.count = collection.count;
  }
  size.checks += 1;
  measured.set(collection, size);
  return size;
}

/** Limits of what is stored, looked at before a write: the write that passes one is still taken. */
function checkSize(collection: Collection, limits: JsonObject): void {
  const bytes = limitAt(limits, "max_collection_vector_size_bytes");
  const points = limitAt(limits, "max_points_count");
  if (bytes === undefined && points === undefined) return;
  const size = sizeOfCollection(collection);
  if (bytes !== undefined && size.vectorBytes >= bytes) {
    const megabytes = writeFloat(Math.fround(bytes / 1024 / 1024)).replace(/\.0$/, "");
    throw fault(400, `Bad request: Max vector storage size limit of ${megabytes}MB reached!`);
  }
  if (points !== undefined && size.count >= points)
    throw fault(400, `Bad request: Max points count limit of ${points} reached!`);
}

function checkVectorLengths(limits: JsonObject, { points }: Extract<Update, { points: unknown }>): void {
  const sparse = objectAt(limits, "sparse_config");
  const multi = objectAt(limits, "multivector_config");
  for (const [name, input] of points.flatMap((point) => [...point.vectors])) {
    const indices = limitAt(objectAt(sparse, name), "max_length");
    if (input.kind === "sparse" && indices !== undefined && input.indices.length > indices) {
      throw fault(
        400,
        `Bad request: Sparse vector '${name}' has a limit of ${indices} indices, but ${input.indices.length} were provided!`,
      );
    }
    const rows = limitAt(objectAt(multi, name), "max_vectors");
    if (input.kind === "multi" && rows !== undefined && input.rows.length > rows) {
      throw fault(
        400,
        `Bad request: Multivector '${name}' has a limit of ${rows} vectors, but ${input.rows.length} were provided!`,
      );
    }
  }
}

/** Refuses an index beyond the number the collection allows; replacing one is not counted. */
export function checkIndexCount(collection: Collection, field: string): void {
  const limit = limitAt(strictModeOf(collection), "max_payload_index_count");
  if (limit === undefined || collection.indexes.has(field) || collection.indexes.size < limit) return;
  throw help(
    `Collection already has the maximum number of payload indices (${limit})`,
    "Please delete an existing index before creating a new one",
  );
}

function checkFilter(
  collection: Collection,
  limits: JsonObject,
  filter: Filter | undefined,
  permission: string,
): void {
  if (filter === undefined) return;
  const conditions = conditionsOf(filter);
  const countMax = limitAt(limits, "filter_max_conditions");
  if (countMax !== undefined && conditions.length > countMax) {
    throw help(
      `Filter condition limit reached (${conditions.length} > ${countMax})`,
      "Reduce the amount of conditions of your filter",
    );
  }
  const sizeMax = limitAt(limits, "condition_max_size");
  for (const size of conditions.map(sizeOf)) {
    if (sizeMax !== undefined && size > sizeMax) {
      throw help(`Condition size limit reached (${size} > ${sizeMax})`, "Reduce the size of your condition");
    }
  }
  if (limits.get(permission) !== false) return;
  for (const condition of conditions) checkIndexed(collection, condition);
}

function sizeOf(condition: Condition): number {
  if (condition.kind === "has-id") return condition.ids.size;
  return condition.kind === "field" && "values" in condition.test ? condition.test.values.length : 1;
}

function checkIndexed(collection: Collection, condition: Condition): void {
  const isKeyed = condition.kind === "field" || condition.kind === "is-empty" || condition.kind === "is-null";
  if (!isKeyed) return;
  const wanted = condition.kind === "field" ? indexesFor(condition.test) : anyIndex;
  const index = collection.indexes.get(condition.key);
  if (index !== undefined && namesOf(index).some((name) => wanted.includes(name))) return;
  throw help(
    `Index required but not found for "${condition.key}" of one of the following types: [${wanted.join(", ")}]`,
    "Create an index for this key or use a different filter",
  );
}

const prefixIndex = "keyword (with prefix: true)";
const phraseIndex = "text (with phrase_matching: true)";
const anyIndex = [
  "bool",
  "datetime",
  "float",
  "geo",
  "integer",
  "keyword",
  prefixIndex,
  "text",
  phraseIndex,
  "uuid",
];

function indexesFor(test: FieldTest): readonly string[] {
  switch (test.kind) {
    case "value":
      return matchIndexes(test.value);
    case "any":
    case "except":
      return matchIndexes(test.values[0] ?? "");
    case "text":
    case "text_any":
      return ["text"];
    case "phrase":
      return [phraseIndex];
    case "prefix":
      return [prefixIndex];
    case "range":
      return ["float", "integer"];
    case "datetime":
      return ["datetime"];
    case "geo":
      return ["geo"];
    case "values-count":
    case "empty":
    case "null":
      return anyIndex;
    default:
      return test satisfies never;
  }
}

function matchIndexes(value: Scalar): readonly string[] {
  if (typeof value === "boolean") return ["bool"];
  if (typeof value !== "string") return ["integer"];
  return isUuid(value) ? ["keyword", "uuid"] : ["keyword"];
}

function namesOf(index: PayloadIndex): string[] {
  const names: string[] = [index.type];
  if (index.params?.get("prefix") === true) names.push(prefixIndex);
  if (index.params?.get("phrase_matching") === true) names.push(phraseIndex);
  return names;
}
