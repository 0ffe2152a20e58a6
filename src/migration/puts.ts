// The vectors that a `put` makes, and a `touch` looks after: one of the collection's own model, and on a bridge one of
// each older model whose readers are still there.
import { PermanentError, RefusedError } from "./errors.ts";
import { markedVector, markOf } from "./metadata.ts";
import type { ModelContract } from "./model.ts";
import type { Plan, Side } from "./plan.ts";
import type { CollectionInfo } from "./ports.ts";
import { chooseVector, denseVectors, otherVectors } from "./schema.ts";
import type { VectorShape } from "./vector.ts";

/** A vector of every point with text, and its model; null where nobody knows the model. */
export interface OwnVector {
  readonly shape: VectorShape;
  readonly contract: ModelContract | null;
}

export interface CollectionAsked {
  readonly collection: string;
  readonly info: CollectionInfo;
  /** What a plan says where the collection has no mark. */
  readonly planned: { readonly vectorName: string; readonly contract: ModelContract | null } | null;
}

/** The collection's own vector first, then those that a bridge keeps. */
export function ownVectors({ collection, info, planned }: CollectionAsked): readonly OwnVector[] {
  const mark = markOf(info);
  const known = markedVector(info) ?? planned?.vectorName ?? null;
  const { name } = chooseVector(collection, info, known);
  const own = { vector: name, contract: mark?.contract ?? planned?.contract ?? null };
  const kept = (mark?.bridged ?? []).filter(({ isDropped }) => !isDropped);
  return [own, ...kept].flatMap(({ vector, contract }) => {
    const dense = denseVectors(info).find((one) => one.name === vector);
    if (dense === undefined) return [];
    const isUnit = dense.datatype !== "uint8" && (contract?.normalized ?? false);
    const mayBeZero = dense.datatype === "uint8" || contract === null;
    return [{ shape: { name: vector, dimensions: dense.dimensions, isUnit, mayBeZero }, contract }];
  });
}

/** The vectors of a bridge that its plan made, where it is the side readers see; none without a bridge. */
export function bridgeVectors(
  { layout, source, target, storesUnitVectors }: Plan,
  from: Side,
): readonly OwnVector[] {
  if (layout !== "bridge" || from.collection !== target.collection) return [];
  return [target, source].map(({ vectorName: name, dimensions, contract }) => ({
    shape: {
      name,
      dimensions,
      isUnit: storesUnitVectors && (contract?.normalized ?? false),
      mayBeZero: !storesUnitVectors || contract === null,
    },
    contract,
  }));
}

/** @throws RefusedError or PermanentError when a put could not make a whole point of this collection. */
export function refusePartialPut(
  { collection, info }: CollectionAsked,
  vectors: readonly OwnVector[],
): asserts vectors is readonly (OwnVector & { readonly contract: ModelContract })[] {
  const [own] = vectors;
  const made = vectors.map(({ shape }) => shape.name);
  const dropped = (markOf(info)?.bridged ?? []).flatMap(({ vector, isDropped }) =>
    isDropped ? [vector] : [],
  );
  const others = otherVectors(info, own?.shape.name ?? "").filter(
    (name) => !made.includes(name) && !dropped.includes(name),
  );
  if (others.length > 0)
    throw new PermanentError(
      `Collection ${collection} has other vectors that a put cannot make; write the point yourself and send a touch.`,
    );
  for (const { shape, contract } of vectors) {
    // Nobody wrote down or proved which model made these vectors: a guess could spoil them silently.
    if (contract === null)
      throw new RefusedError(
        `It is not known which model made the vectors ${shape.name === "" ? "" : `${JSON.stringify(shape.name)} `}of ${collection}, so nothing can be put into it. Write the point yourself and send a touch, or migrate with a proven sourceModel.`,
        { fields: { collection } },
      );
    if (shape.dimensions !== contract.dimensions)
      throw new PermanentError(
        `Model ${contract.id} makes vectors of size ${contract.dimensions}, collection ${collection} holds ${shape.dimensions}.`,
      );
  }
}
