// Which points differ, by what is wrong with them: the first ids of each kind beside the counts.
import { DEFAULTS } from "../defaults.ts";
import type { PointId } from "./ids.ts";

export const DIFFERENCES = [
  "missing",
  "extra",
  "payloadDifferent",
  "vectorWrong",
  "otherVectorsDifferent",
] as const;

export type DifferenceKind = (typeof DIFFERENCES)[number];

/** The first ids of each kind; what has none is left out. */
export type DifferentIds = Readonly<Partial<Record<DifferenceKind, readonly PointId[]>>>;

const WORDS: Readonly<Record<DifferenceKind, string>> = {
  missing: "missing",
  extra: "extra",
  payloadDifferent: "with another payload",
  vectorWrong: "with a wrong vector (size, finite numbers, length)",
  otherVectorsDifferent: "with other vectors changed",
};

export const differentIds = (
  points: readonly { readonly kind: DifferenceKind; readonly id: PointId }[],
): DifferentIds =>
  addDifferent(
    Object.fromEntries(
      DIFFERENCES.map((kind) => [kind, points.filter((one) => one.kind === kind).map(({ id }) => id)]),
    ),
    {},
  );

/** Of two lists that follow each other, as many ids of each kind as are kept. */
export function addDifferent(a: DifferentIds, b: DifferentIds): DifferentIds {
  const kinds = DIFFERENCES.flatMap((kind) => {
    const ids = [...(a[kind] ?? []), ...(b[kind] ?? [])].slice(0, DEFAULTS.listedDifferences);
    return ids.length === 0 ? [] : [[kind, ids] as const];
  });
  return Object.fromEntries(kinds);
}

/** `1 missing (id 17), 0 extra, ...`: every kind with its count, and the first ids where there are any. */
export const sayDifferences = (
  counts: Readonly<Record<DifferenceKind, number>>,
  ids: DifferentIds = {},
): string =>
  DIFFERENCES.map((kind) => `${counts[kind]} ${WORDS[kind]}${sayIds(ids[kind] ?? [], counts[kind])}`).join(
    ", ",
  );

function sayIds(ids: readonly PointId[], count: number): string {
  if (ids.length === 0) return "";
  const more = count > ids.length ? ` and ${count - ids.length} more` : "";
  return ` (${count === 1 ? "id" : "ids"} ${ids.join(" ")}${more})`;
}
