// What a collection is besides its points, carried to the target: everything but the vector's size and our mark.
import { RefusedError } from "./errors.ts";
import type { CollectionInfo, Json, JsonObject } from "./ports.ts";
import { chooseVector, type DenseVector, denseVectors, sparseVectors } from "./schema.ts";
import { isSharded } from "./shardKeys.ts";

export interface TargetOptions {
  /** Which vector is re-embedded; null: the only one. */
  readonly vector: string | null;
  readonly dimensions: number;
  /** Name of the new vector beside the old one, which stays as it is; null: the new one takes its place. */
  readonly added?: string | null;
  readonly metadata: JsonObject;
}

export interface TargetConfiguration {
  /** Body of `PUT /collections/{target}`. */
  readonly create: JsonObject;
  /** Bodies of `PATCH /collections/{target}` after the load, strict mode last: earlier it would throttle the load. */
  readonly after: readonly JsonObject[];
  readonly payloadIndexes: readonly { readonly field: string; readonly schema: string | JsonObject }[];
  readonly warnings: readonly string[];
  readonly cannotCarry: readonly string[];
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

// Parameters that `create` takes under the same name.
const CREATE_PARAMS = [
  "shard_number",
  "sharding_method",
  "replication_factor",
  "write_consistency_factor",
  "on_disk_payload",
  "payload",
  "sparse_vectors",
] as const;

// Parameters that only `PATCH` takes.
const PATCH_PARAMS = ["read_fan_out_factor", "read_fan_out_delay_ms"] as const;

/** @throws RefusedError when the vector is not clear, or the collection cannot be carried at all. */
export function targetConfiguration(source: CollectionInfo, options: TargetOptions): TargetConfiguration {
  const { config } = source;
  const params = objectOf(config.params);
  const chosen = chooseVector("the source", source, options.vector);
  refuse(chosen, denseVectors(source));
  const { dimensions, added = null } = options;
  const strict = scaledStrictMode(
    config.strict_mode_config,
    sizeRatio(source, chosen, { dimensions, isAdded: added !== null }),
  );
  const create: Record<string, Json> = {
    vectors: resizedVectors(params.vectors, chosen.name, { dimensions, added }),
    metadata: options.metadata,
  };
  for (const name of CREATE_PARAMS) assign(create, name, params[name]);
  assign(create, "hnsw_config", config.hnsw_config);
  assign(create, "optimizers_config", config.optimizer_config);
  assign(create, "wal_config", config.wal_config);
  assign(create, "quantization_config", config.quantization_config);
  // A server may give every new collection a strict mode of its own; this one's comes after the load.
  if (strict !== null) create.strict_mode_config = { enabled: false };
  const fanOut = PATCH_PARAMS.filter((name) => isSet(params[name]));
  const indexes = Object.entries(source.payloadSchema).map(([field, shown]) => ({
    field,
    schema: indexSchema(shown),
  }));
  return {
    create,
    after: [
      ...(fanOut.length === 0
        ? []
        : [{ params: Object.fromEntries(fanOut.map((name) => [name, params[name] ?? null])) }]),
      ...(strict === null ? [] : [{ strict_mode_config: strict }]),
    ],
    payloadIndexes: indexes.flatMap(({ field, schema }) => (schema === null ? [] : [{ field, schema }])),
    warnings: warningsOf(source, chosen, dimensions),
    cannotCarry: [
      ...unknownSettings(config),
      ...indexes.flatMap(({ field, schema }) => (schema === null ? [`payload index of ${field}`] : [])),
    ],
  };
}

function refuse(chosen: DenseVector, all: readonly DenseVector[]): void {
  const coarse = all.find(({ datatype }) => datatype === "turbo4");
  if (coarse !== undefined)
    throw new RefusedError(
      `Vector ${JSON.stringify(coarse.name)} of the source is stored as turbo4 (4 bits a number): what the server gives back is not what was written, so that no copy could be compared and no vector checked. Make a collection with float32 or float16 for it. Nothing was changed.`,
    );
  // Components of a unit vector lie in [-1, 1]: as bytes all of them become 0 or 1.
  if (chosen.datatype === "uint8")
    throw new RefusedError(
      `Vector ${JSON.stringify(chosen.name)} of the source is stored as uint8 (0 to 255), where a vector of a text model would become zeros and ones. Make a collection with float vectors for it. Nothing was changed.`,
    );
}

export const isSet = (value: Json | undefined): value is Json => value !== undefined && value !== null;
export const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** Null means "not set" in the server's answer: it is left out, so that the target's default is the same. */
function assign(body: Record<string, Json>, name: string, value: Json | undefined): void {
  const kept = withoutNulls(value);
  if (kept !== undefined && kept !== null) body[name] = kept;
}

function withoutNulls(value: Json | undefined): Json | undefined {
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutNulls(inner) ?? null]));
}

/** The unnamed vector stands alone (`{size, …}`) or among others under the name "". */
const isAlone = (vectors: JsonObject): boolean => typeof vectors.size === "number";

/** The vectors by name, the unnamed one as "". */
const namedVectors = (vectors: JsonObject): JsonObject => (isAlone(vectors) ? { "": vectors } : vectors);

export function resizedVectors(
  vectors: Json | undefined,
  name: string,
  { dimensions: size, added }: { readonly dimensions: number; readonly added: string | null },
): JsonObject {
  const kept = objectOf(withoutNulls(objectOf(vectors)));
  if (isAlone(kept) && added === null) return { ...kept, size };
  const named = namedVectors(kept);
  // A new vector beside the old one is like it but for its size.
  return { ...named, [added ?? name]: { ...objectOf(named[name]), size } };
}

// Bytes of one number of a dense vector; quantized copies do not count.
const NUMBER_BYTES: Readonly<Record<string, number>> = { float32: 4, float16: 2, uint8: 1 };

/** How much larger the vectors of a point become, for limits in bytes. */
export function sizeRatio(
  source: CollectionInfo,
  chosen: DenseVector,
  { dimensions, isAdded }: { readonly dimensions: number; readonly isAdded: boolean },
): number {
  const ratio = dimensions / chosen.dimensions + (isAdded ? 1 : 0);
  const dense = denseVectors(source);
  // Sparse vectors and multivectors have no fixed size: room enough is what matters.
  if (sparseVectors(source).length > 0 || dense.some(({ isMulti }) => isMulti)) return Math.max(1, ratio);
  const bytes = (one: DenseVector) => one.dimensions * (NUMBER_BYTES[one.datatype] ?? 4);
  const before = dense.reduce((sum, one) => sum + bytes(one), 0);
  return (before - (isAdded ? 0 : bytes(chosen)) + bytes({ ...chosen, dimensions })) / before;
}

export function scaledStrictMode(strict: Json | undefined, ratio: number): JsonObject | null {
  if (!isObject(strict)) return null;
  const kept = objectOf(withoutNulls(strict));
  const bytes = kept.max_collection_vector_size_bytes;
  return typeof bytes === "number"
    ? { ...kept, max_collection_vector_size_bytes: Math.ceil(bytes * ratio) }
    : kept;
}

const INDEX_TYPES = ["keyword", "integer", "float", "bool", "geo", "datetime", "text", "uuid"];

/**
 * `payload_schema` shows an index as `{data_type, params?, points}`; `create` takes the parameters, or the type.
 * Null for an index of a newer server.
 */
export function indexSchema(shown: Json): string | JsonObject | null {
  const { data_type: type, params } = objectOf(shown);
  if (typeof type !== "string" || !INDEX_TYPES.includes(type)) return null;
  return isObject(params) ? { type, ...objectOf(withoutNulls(params)) } : type;
}

function warningsOf(source: CollectionInfo, chosen: DenseVector, dimensions: number): readonly string[] {
  const vectors = objectOf(objectOf(source.config.params).vectors);
  const own = isAlone(vectors) ? vectors : objectOf(vectors[chosen.name]);
  // A vector's own quantization replaces the collection's.
  const quantization = objectOf(own.quantization_config ?? source.config.quantization_config);
  const warnings: string[] = [];
  if (isSharded(source))
    warnings.push(
      "The collection has shard keys: they are made in the new one, and every point goes over within its own. Live put and delete events must name their shardKey.",
    );
  if (isSet(quantization.binary) && dimensions <= 768)
    warnings.push(
      `Binary quantization is carried over; at ${dimensions} dimensions it costs accuracy. Look at the gate's searches.`,
    );
  if (isSet(quantization.product))
    warnings.push(
      `Product quantization is carried over; its compression means something else at ${dimensions} dimensions.`,
    );
  if (chosen.distance === "Euclid" || chosen.distance === "Manhattan")
    warnings.push(
      `The distance ${chosen.distance} is carried over; score thresholds mean something else with the new model.`,
    );
  return warnings;
}

const KNOWN = [
  "params",
  "hnsw_config",
  "optimizer_config",
  "wal_config",
  "quantization_config",
  "strict_mode_config",
  "metadata",
];

const KNOWN_PARAMS: readonly string[] = ["vectors", ...CREATE_PARAMS, ...PATCH_PARAMS];

/** Settings of a newer server than this program knows: named, not silently dropped. */
const unknownSettings = (config: JsonObject): readonly string[] => [
  ...unknownKeys(config, KNOWN).map((key) => `setting ${key}`),
  ...unknownKeys(objectOf(config.params), KNOWN_PARAMS).map((key) => `setting params.${key}`),
];

const unknownKeys = (group: JsonObject, known: readonly string[]): readonly string[] =>
  Object.keys(group).filter((key) => !known.includes(key) && group[key] !== null);
