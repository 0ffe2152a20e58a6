// Does the target's configuration differ from the source's in anything but what was meant to?
import {
  indexSchema,
  isObject,
  isSet,
  objectOf,
  resizedVectors,
  scaledStrictMode,
  sizeRatio,
} from "./configuration.ts";
import { UNFENCED } from "./fence.ts";
import type { CollectionInfo, Json, JsonObject } from "./ports.ts";
import { denseVectors } from "./schema.ts";

export interface ConfigurationDifference {
  readonly path: string;
  readonly source: Json | null;
  readonly target: Json | null;
}

interface Intended {
  /** The source's vector that is re-embedded. */
  readonly vector: string;
  /** Name of the new vector beside it; null: the new one took its place. */
  readonly added?: string | null;
}

/** Where two collections differ besides what was meant to: the vector's size, our mark, the scaled size limit. */
export function configurationDifference(
  source: CollectionInfo,
  target: CollectionInfo,
  intended: Intended,
): readonly ConfigurationDifference[] {
  const { vector, added = null } = intended;
  const sizes =
    added !== null
      ? []
      : [`params.vectors.${vector}.size`, ...(vector === "" ? ["params.vectors.size"] : [])];
  const meant = (path: string): boolean =>
    sizes.includes(path) || path === "metadata.remaster" || path.startsWith("metadata.remaster.");
  const pairs = [
    ...differences(
      "",
      {
        ...source.config,
        params: meantParams(source, target, intended),
        ...meantStrictMode(source, target, intended),
      },
      target.config,
    ),
    ...differences("payload_schema", indexesOf(source), indexesOf(target)),
  ];
  return pairs.filter(({ path }) => !meant(path));
}

/** The source's parameters, with the vector that a bridge adds. */
function meantParams(
  source: CollectionInfo,
  target: CollectionInfo,
  { vector, added = null }: Intended,
): Json {
  const params = objectOf(source.config.params);
  const found = denseVectors(target).find(({ name }) => name === added);
  if (added === null || found === undefined) return params;
  const { dimensions } = found;
  return { ...params, vectors: resizedVectors(params.vectors, vector, { dimensions, added }) };
}

/** The strict mode the target should have, where its vectors' size tells. */
function meantStrictMode(
  source: CollectionInfo,
  target: CollectionInfo,
  { vector, added = null }: Intended,
): JsonObject {
  const strict = source.config.strict_mode_config;
  const found = objectOf(target.config.strict_mode_config);
  // One that is off is none: a server may give every new collection one, and it cannot be unset again.
  if (!isSet(strict)) return found.enabled === true ? {} : { strict_mode_config: found };
  const before = denseVectors(source).find(({ name }) => name === vector);
  const after = denseVectors(target).find(({ name }) => name === (added ?? vector));
  if (before === undefined || after === undefined) return {};
  const { dimensions } = after;
  const scaled = scaledStrictMode(strict, sizeRatio(source, before, { dimensions, isAdded: added !== null }));
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
  const unset = UNSET.find(([name]) => path.endsWith(name))?.[1] ?? null;
  const isSame = JSON.stringify(source ?? unset) === JSON.stringify(target ?? unset);
  return isSame ? [] : [{ path, source, target }];
}

/** What these mean where they are not set: a PATCH cannot unset them again. */
const UNSET: readonly (readonly [string, Json])[] = [
  ["prevent_unoptimized", false],
  // A fence was here.
  ["strict_mode_config.enabled", false],
  ["strict_mode_config.upsert_max_batchsize", UNFENCED],
];
