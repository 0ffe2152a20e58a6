import { carriedVectors } from "./bridge.ts";
import type { Terms } from "./difference.ts";
import type { Pass } from "./pass.ts";
import { type Plan, type Side, sidesOf } from "./plan.ts";

/** How points of a migration are compared in a pass. */
export const termsOf = (plan: Plan, pass: Pass): Terms =>
  termsFor(plan, sidesOf(plan, pass.direction).to, pass.mayDelete);

/** How points of a migration are compared when `to` is the side that is written. */
export function termsFor(plan: Plan, to: Side, mayDelete: boolean): Terms {
  const { textKey, textTemplate, emptyText } = plan;
  // A vector whose model is not known may have any length.
  const isUnit = plan.storesUnitVectors && (to.contract?.normalized ?? false);
  return {
    shape: { name: to.vectorName, dimensions: to.dimensions, isUnit },
    carried: carriedVectors(plan),
    textKey,
    textTemplate,
    emptyText,
    mayDelete,
  };
}
