import type { Terms } from "./difference.ts";
import type { Pass } from "./pass.ts";
import { type Plan, sidesOf } from "./plan.ts";

/** How points of a migration are compared in a pass. */
export function termsOf(plan: Plan, pass: Pass): Terms {
  const { to } = sidesOf(plan, pass.direction);
  const { otherVectors, textKey, textTemplate, emptyText } = plan;
  // A vector whose model is not known may have any length.
  const isUnit = plan.storesUnitVectors && (to.contract?.normalized ?? false);
  return {
    shape: { name: plan.vectorName, dimensions: to.dimensions, isUnit },
    otherVectors,
    textKey,
    textTemplate,
    emptyText,
    mayDelete: pass.mayDelete,
  };
}
