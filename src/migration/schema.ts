// Which vectors a collection has, read from the server's own description of it.
import { RefusedError } from "./errors.ts";
import type { CollectionInfo, Json, JsonObject } from "./ports.ts";

export interface DenseVector {
  /** "" is the unnamed vector. */
  readonly name: string;
  readonly dimensions: number;
  readonly distance: string;
  /** Several vectors a point under one name. */
  readonly isMulti: boolean;
  /** `float32`, `float16` or `uint8`. */
  readonly datatype: string;
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const parameters = (info: CollectionInfo): JsonObject =>
  isObject(info.config.params) ? info.config.params : {};

export function denseVectors(info: CollectionInfo): readonly DenseVector[] {
  const vectors = parameters(info).vectors;
  if (!isObject(vectors)) return [];
  if (typeof vectors.size === "number") return [denseVector("", vectors)];
  return Object.entries(vectors).flatMap(([name, one]) => (isObject(one) ? [denseVector(name, one)] : []));
}

function denseVector(name: string, config: JsonObject): DenseVector {
  return {
    name,
    dimensions: typeof config.size === "number" ? config.size : 0,
    distance: typeof config.distance === "string" ? config.distance : "",
    isMulti: isObject(config.multivector_config),
    datatype: typeof config.datatype === "string" ? config.datatype : "float32",
  };
}

export function sparseVectors(info: CollectionInfo): readonly string[] {
  const sparse = parameters(info).sparse_vectors;
  return isObject(sparse) ? Object.keys(sparse) : [];
}

/**
 * The vector that is re-embedded: the one asked for, or the only one there is.
 * @throws RefusedError that names the vectors when the choice is not clear or cannot be made.
 */
export function chooseVector(collection: string, info: CollectionInfo, asked: string | null): DenseVector {
  const dense = denseVectors(info);
  const names = dense.map(({ name }) => JSON.stringify(name)).join(", ");
  if (dense.length === 0)
    throw new RefusedError(
      `Collection ${collection} has no dense vector, so there is nothing to embed again.`,
    );
  const chosen = asked === null ? dense[0] : dense.find(({ name }) => name === asked);
  if (chosen === undefined)
    throw new RefusedError(
      `Collection ${collection} has no vector ${JSON.stringify(asked)}; it has ${names}.`,
    );
  if (asked === null && dense.length > 1)
    throw new RefusedError(
      `Collection ${collection} has several vectors: ${names}. Say which one is embedded again with "vector"; the others are carried as they are.`,
    );
  if (chosen.isMulti)
    throw new RefusedError(
      `Vector ${JSON.stringify(chosen.name)} of collection ${collection} is a multivector; Remaster embeds one vector a text.`,
    );
  return chosen;
}

/** Vectors whose size the configuration does not set down: sparse ones and multivectors. */
export function unsizedVectors(info: CollectionInfo): readonly string[] {
  const multi = denseVectors(info).filter(({ isMulti }) => isMulti);
  return [...multi.map(({ name }) => name), ...sparseVectors(info)];
}

/** Every vector but the chosen one, dense and sparse. */
export function otherVectors(info: CollectionInfo, chosen: string): readonly string[] {
  const dense = denseVectors(info).map(({ name }) => name);
  return [...dense.filter((name) => name !== chosen), ...sparseVectors(info)];
}
