// What a collection is besides its points, carried to the target: everything but the vector's size and our mark.
import { RefusedError } from "./errors.ts";
import type { CollectionInfo, Json, JsonObject } from "./ports.ts";
import { chooseVector, denseVectors } from "./schema.ts";

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
  const params = isObject(config.params) ? config.params : {};
  const chosen = chooseVector("the source", source, options.vector);
  if (params.sharding_method === "custom")
    throw new RefusedError(
      "The source uses custom sharding (shard keys), which Remaster does not migrate yet: ids are unique only within a key. Nothing was changed.",
    );
  const strict = scaledStrictMode(config.strict_mode_config, options.dimensions / chosen.dimensions);
  const create: Record<string, Json> = {
    vectors: resizedVectors(params.vectors, chosen.name, options.dimensions),
    metadata: options.metadata,
  };
  for (const name of CREATE_PARAMS) assign(create, name, params[name]);
  assign(create, "hnsw_config", config.hnsw_config);
  assign(create, "optimizers_config", config.optimizer_config);
  assign(create, "wal_config", config.wal_config);
  assign(create, "quantization_config", config.quantization_config);
  const fanOut = PATCH_PARAMS.filter((name) => params[name] !== undefined && params[name] !== null);
  return {
    create,
    after: [
      ...(fanOut.length === 0
        ? []
        : [{ params: Object.fromEntries(fanOut.map((name) => [name, params[name] ?? null])) }]),
      ...(strict === null ? [] : [{ strict_mode_config: strict }]),
    ],
    payloadIndexes: Object.entries(source.payloadSchema).map(([field, schema]) => ({
      field,
      schema: indexSchema(schema),
    })),
    warnings: warningsOf(source, chosen.name, options.dimensions),
    cannotCarry: cannotCarry(config),
  };
}

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

function resizedVectors(vectors: Json | undefined, name: string, size: number): JsonObject {
  if (!isObject(vectors)) return {};
  const resize = (one: Json): Json => (isObject(one) ? { ...one, size } : one);
  if (name === "" && typeof vectors.size === "number") return { ...vectors, size };
  return Object.fromEntries(
    Object.entries(vectors).map(([key, one]) => [key, key === name ? resize(one) : one]),
  );
}

function scaledStrictMode(strict: Json | undefined, ratio: number): JsonObject | null {
  if (!isObject(strict)) return null;
  const bytes = strict.max_collection_vector_size_bytes;
  const kept = withoutNulls(strict);
  if (!isObject(kept)) return null;
  return typeof bytes === "number"
    ? { ...kept, max_collection_vector_size_bytes: Math.ceil(bytes * ratio) }
    : kept;
}

/** `payload_schema` shows an index as `{data_type, params?, points}`; `create` takes the parameters, or the type. */
function indexSchema(schema: Json): string | JsonObject {
  if (!isObject(schema)) return "keyword";
  if (isObject(schema.params)) return schema.params;
  return typeof schema.data_type === "string" ? schema.data_type : "keyword";
}

function warningsOf(source: CollectionInfo, name: string, dimensions: number): readonly string[] {
  const warnings: string[] = [];
  const vectors = isObject(source.config.params) ? source.config.params.vectors : undefined;
  const own = isObject(vectors)
    ? name === "" && typeof vectors.size === "number"
      ? vectors
      : vectors[name]
    : undefined;
  for (const quantization of [
    source.config.quantization_config,
    isObject(own) ? own.quantization_config : undefined,
  ]) {
    if (!isObject(quantization)) continue;
    if (isObject(quantization.binary) && dimensions <= 768)
      warnings.push(
        `Binary quantization is carried over; at ${dimensions} dimensions it costs accuracy. Look at the gate's searches.`,
      );
    if (isObject(quantization.product))
      warnings.push(
        `Product quantization is carried over; its compression means something else at ${dimensions} dimensions.`,
      );
  }
  const distance = denseVectors(source).find((one) => one.name === name)?.distance ?? "";
  if (distance === "Euclid" || distance === "Manhattan")
    warnings.push(
      `The distance ${distance} is carried over; score thresholds mean something else with the new model.`,
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

/** Settings of a newer server than this program knows: named, not silently dropped. */
const cannotCarry = (config: JsonObject): readonly string[] =>
  Object.keys(config)
    .filter((key) => !KNOWN.includes(key) && config[key] !== null)
    .map((key) => `setting ${key}`);

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
    sizes.includes(path) ||
    path.startsWith("metadata.remaster") ||
    path === "strict_mode_config.max_collection_vector_size_bytes";
  const pairs = [
    ...differences("", { ...source.config }, { ...target.config }),
    ...differences("payload_schema", indexesOf(source), indexesOf(target)),
  ];
  return pairs.filter(({ path }) => !meant(path));
}

const indexesOf = (info: CollectionInfo): JsonObject =>
  Object.fromEntries(
    Object.entries(info.payloadSchema).map(([field, schema]) => [field, indexSchema(schema)]),
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
