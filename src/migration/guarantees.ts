// What each kind of writer is promised while a collection is migrated: docs/exactness.md.

export interface Guarantee {
  readonly writer: "put" | "touch" | "unannounced";
  readonly guarantee: string;
}

export const GUARANTEES: readonly Guarantee[] = [
  {
    writer: "put",
    guarantee: "Exact: both sides are written by reconcile; during a swap events wait in their queue.",
  },
  {
    writer: "touch",
    guarantee:
      "Exact for what was written before the final pass; writes of the moment of the swap need a pause.",
  },
  {
    // A fence makes the first half of it exact for upserts: docs/exactness.md.
    writer: "unannounced",
    guarantee: "Equal up to the writes of the last pass; verify after the swap names what differs.",
  },
];
