// What a point of the target must be, given the point of the source, and in what it differs.
import type { DifferenceKind } from "./found.ts";
import type { PointId } from "./ids.ts";
import { samePayload } from "./payload.ts";
import type { Point } from "./ports.ts";
import type { EmptyText } from "./request.ts";
import { textOf } from "./text.ts";
import { type StoredVector, sameOtherVectors, storedVector, type VectorShape } from "./vector.ts";

/** How texts are found and points are compared; the same for every point of a migration. */
export interface Terms {
  readonly shape: VectorShape;
  /** Vectors that go over bit for bit. */
  readonly carried: readonly string[];
  readonly textKey: readonly string[];
  readonly textTemplate: string | null;
  readonly emptyText: EmptyText;
  /** False where a point that only `to` has may be one that never came over: it is kept. */
  readonly mayDelete: boolean;
  /** True where a point without text that only `to` has may have been left out of `from` on request: it is kept. */
  readonly keepsLeftOut: boolean;
}

type Difference = Exclude<DifferenceKind, "extra">;

/** A point of the source and what has to be done about it. */
export interface Comparison {
  readonly source: Point;
  /** The text to embed, or why there is none. */
  readonly text: { readonly text: string } | { readonly empty: string };
  /** False for a point without text that is to be left out. */
  readonly isWanted: boolean;
  /** Null: the target holds exactly this point. */
  readonly difference: Difference | null;
  /** The target's own vector, when it was made of this very text and is sound. */
  readonly reusable: (StoredVector & { readonly state: "sound" }) | null;
  /** True where the source has the vector itself, so that none is made: backwards over a bridge. */
  readonly carriesOwn: boolean;
}

export function comparePoint(source: Point, target: Point | undefined, terms: Terms): Comparison {
  const text = textOf(source.payload, terms);
  const hasText = "text" in text;
  // With `fail` it stays missing until somebody mends it, and is counted as failed every time.
  const isWanted = hasText || terms.emptyText !== "skip";
  const carriesOwn =
    terms.carried.includes(terms.shape.name) && storedVector(source.vectors, terms.shape).state !== "absent";
  const looked = { source, text, isWanted, carriesOwn };
  if (!isWanted) return { ...looked, difference: null, reusable: null };
  if (target === undefined) return { ...looked, difference: "missing", reusable: null };
  const vector = storedVector(target.vectors, terms.shape);
  const sameText = hasText && isSameText(text.text, target, terms);
  const reusable = sameText && vector.state === "sound" ? vector : null;
  const isRight = carriesOwn || (hasText ? vector.state === "sound" : vector.state === "absent");
  const carried = carriesOwn ? terms.carried : terms.carried.filter((name) => name !== terms.shape.name);
  const difference = differenceOf(source, target, { isRight, carried });
  return { ...looked, difference, reusable };
}

function differenceOf(
  source: Point,
  target: Point,
  { isRight, carried }: { readonly isRight: boolean; readonly carried: readonly string[] },
): Difference | null {
  if (!samePayload(source.payload, target.payload)) return "payloadDifferent";
  if (!isRight) return "vectorWrong";
  if (!sameOtherVectors(source.vectors, target.vectors, carried)) return "otherVectorsDifferent";
  return null;
}

function isSameText(text: string, target: Point, terms: Terms): boolean {
  const stored = textOf(target.payload, terms);
  return "text" in stored && stored.text === text;
}

/** True when nothing that matters changed between two reads of the source. */
export function isUnchanged(
  before: ReadonlyMap<PointId, Point>,
  after: ReadonlyMap<PointId, Point>,
): boolean {
  if (before.size !== after.size) return false;
  for (const [id, point] of before) {
    const now = after.get(id);
    if (now === undefined || now.payload !== point.payload || now.vectors !== point.vectors) return false;
  }
  return true;
}
