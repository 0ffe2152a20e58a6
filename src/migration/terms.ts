import { carriedVectors } from "./bridge.ts";
import type { Terms } from "./difference.ts";
import { type Plan, sidesOf } from "./plan.ts";
import type { Direction } from "./state.ts";

interface Way {
  readonly direction: Direction;
  readonly mayDelete: boolean;
  /** Whether these points were deleted by name, so that none of them was left out. */
  readonly isDeletion?: boolean;
}

/** How points of a migration are compared in a pass, or for an event. */
export function termsOf(plan: Plan, { direction, mayDelete, isDeletion = false }: Way): Terms {
  const { textKey, textTemplate, emptyText } = plan;
  const { to } = sidesOf(plan, direction);
  // Backwards everything goes: what is written after a swap must be there after a rollback, with a text or without.
  const isBack = direction === "reverse";
  // A vector whose model is not known may have any length.
  const isUnit = plan.storesUnitVectors && (to.contract?.normalized ?? false);
  const mayBeZero = !plan.storesUnitVectors || to.contract === null;
  return {
    shape: { name: to.vectorName, dimensions: to.dimensions, isUnit, mayBeZero },
    carried: carriedVectors(plan),
    textKey,
    textTemplate,
    emptyText: isBack ? "carry" : emptyText,
    mayDelete,
    keepsLeftOut: isBack && emptyText === "skip" && !isDeletion,
  };
}
