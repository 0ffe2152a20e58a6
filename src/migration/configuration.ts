// What a collection is besides its points, carried to the target: everything but the vector's size and our mark.
import { RefusedError } from "./errors.ts";
import type { CollectionInfo, Json, JsonObject } from "./ports.ts";
import { chooseVector, type DenseVector, denseVectors, sparseVectors } from "./schema.ts";

export interface TargetOptions {
  /** Which vector is re-embedded; null: the only one. */
  readonly vector: string | null;
  readonly dimensions: number;
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

const isObject = (value: Json | undefined): value is JsonObject =>
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
  refuse(params, chosen);
  const strict = scaledStrictMode(config.strict_mode_config, sizeRatio(source, chosen, options.dimensions));
  const create: Record<string, Json> = {
    vectors: resizedVectors(params.vectors, chosen.name, options.dimensions),
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
    warnings: warningsOf(source, chosen, options.dimensions),
    cannotCarry: [
      ...unknownSettings(config),
      ...indexes.flatMap(({ field, schema }) => (schema === null ? [`payload index of ${field}`] : [])),
    ],
  };
}

function refuse(params: JsonObject, chosen: DenseVector): void {
  if (params.sharding_method === "custom")
    throw new RefusedError(
      "The source uses custom sharding (shard keys), which Remaster does not migrate yet: ids are unique only within a key. Nothing was changed.",
    );
  // Components of a unit vector lie in [-1, 1]: as bytes all of them become 0 or 1.
  if (chosen.datatype === "uint8")
    throw new RefusedError(
      `Vector ${JSON.stringify(chosen.name)} of the source is stored as uint8 (0 to 255), where a vector of a text model would become zeros and ones. Make a collection with float vectors for it. Nothing was changed.`,
    );
}

const isSet = (value: Json | undefined): value is Json => value !== undefined && value !== null;
const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

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

function resizedVectors(vectors: Json | undefined, name: string, size: number): JsonObject {
  const kept = objectOf(withoutNulls(objectOf(vectors)));
  if (isAlone(kept)) return { ...kept, size };
  return { ...kept, [name]: { ...objectOf(kept[name]), size } };
}

// Bytes of one number of a dense vector; quantized copies do not count.
const NUMBER_BYTES: Readonly<Record<string, number>> = { float32: 4, float16: 2, uint8: 1 };

/** How much larger the vectors of a point become, for limits in bytes. */
function sizeRatio(source: CollectionInfo, chosen: DenseVector, dimensions: number): number {
  const ratio = dimensions / chosen.dimensions;
  const dense = denseVectors(source);
  // Sparse vectors and multivectors have no fixed size: room enough is what matters.
  if (sparseVectors(source).length > 0 || dense.some(({ isMulti }) => isMulti)) return Math.max(1, ratio);
  const bytes = (one: DenseVector) => one.dimensions * (NUMBER_BYTES[one.datatype] ?? 4);
  const before = dense.reduce((sum, one) => sum + bytes(one), 0);
  return (before - bytes(chosen) + bytes({ ...chosen, dimensions })) / before;
}

function scaledStrictMode(strict: Json | undefined, ratio: number): JsonObject | null {
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
function indexSchema(shown: Json): string | JsonObject | null {
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

export interface ConfigurationDifference {
  readonly path: string;
  readonly source: Json | null;
  readonly target: Json | null;
}

/** Where two collections differ besides what was meant to: the vector's size, our mark, the scaled size limit. */
export function configurationDifference(
  source: CollectionInfo,
  target: CollectionInfo,
  intended: { readonly vector: string },
): readonly ConfigurationDifference[] {
  const sizes = [
    `params.vectors.${intended.vector}.size`,
    ...(intended.vector === "" ? ["params.vectors.size"] : []),
  ];
  const meant = (path: string): boolean =>
    sizes.includes(path) || path === "metadata.remaster" || path.startsWith("metadata.remaster.");
  const pairs = [
    ...differences(
      "",
      { ...source.config, ...meantStrictMode(source, target, intended.vector) },
      target.config,
    ),
    ...differences("payload_schema", indexesOf(source), indexesOf(target)),
  ];
  return pairs.filter(({ path }) => !meant(path));
}

/** The strict mode the target should have, where its vectors' size tells. */
function meantStrictMode(source: CollectionInfo, target: CollectionInfo, vector: string): JsonObject {
  const strict = source.config.strict_mode_config;
  const found = objectOf(target.config.strict_mode_config);
  // One that is off is none: a server may give every new collection one, and it cannot be unset again.
  if (!isSet(strict)) return found.enabled === true ? {} : { strict_mode_config: found };
  const [before, after] = [source, target].map((info) =>
    denseVectors(info).find(({ name }) => name === vector),
  );
  if (before === undefined || after === undefined) return {};
  const scaled = scaledStrictMode(strict, sizeRatio(source, before, after.dimensions));
  return scaled === null ? {} : { strict_mode_config: scaled };
}

const indexesOf = (info: CollectionInfo): JsonObject =>
  Object.fromEntries(
    Object.entries(info.payloadSchema).map(([field, shown]) => [field, indexSchema(shown) ?? shown]),
  );

function differences(
  path: string,
  a: Json | undefined,
  b: Json | undefined,
): readonly ConfigurationDifference[] {
  const [source, target] = [a ?? null, b ?? null];
  // A group that is not set and one whose members are all unset say the same.
  if (isObject(source) || isObject(target)) {
    const [left, right] = [isObject(source) ? source : {}, isObject(target) ? target : {}];
    if ((isObject(source) || source === null) && (isObject(target) || target === null)) {
      const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])];
      return keys.flatMap((key) => differences(path === "" ? key : `${path}.${key}`, left[key], right[key]));
    }
  }
  // `prevent_unoptimized: false` is what an unset one means; a PATCH cannot unset it again.
  const isSame =
    JSON.stringify(source) === JSON.stringify(target) ||
    (path.endsWith("prevent_unoptimized") && (source ?? false) === (target ?? false));
  return isSame ? [] : [{ path, source, target }];
}
