// The messages of the pages queue. Versioned: other programs may poll the same queue.
import { FORMAT_VERSION } from "../contract.ts";
import { PermanentError } from "./errors.ts";
import type { Interval, PointId } from "./ids.ts";

/** One page to reconcile: ids only by their interval, never text. */
export interface PageMessage extends Interval {
  readonly migration: string;
  readonly pass: number;
  readonly range: number;
  readonly page: number;
  /** Fingerprint of the model that must make the vectors. */
  readonly fingerprint: string;
}

export const encodePageMessage = (message: PageMessage): string =>
  JSON.stringify({ v: FORMAT_VERSION, op: "page", ...message });

const isIndex = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0;
const isBound = (value: unknown): value is PointId | null => value === null || typeof value === "string";

/** @throws PermanentError that says which part is wrong: a message nobody can read belongs in the dead-letter queue. */
export function parsePageMessage(body: string): PageMessage {
  const value = parseObject(body);
  const { migration, pass, range, page, lo, hi, fingerprint } = value;
  const version = value.v;
  if (version !== FORMAT_VERSION || value.op !== "page")
    throw new PermanentError(
      `A message of the pages queue has version ${String(version)} and op ${String(value.op)}; this program reads version ${FORMAT_VERSION}, op page.`,
    );
  if (typeof migration !== "string" || typeof fingerprint !== "string")
    throw new PermanentError("A page message lacks its migration or fingerprint.");
  if (!isIndex(pass) || !isIndex(range) || !isIndex(page))
    throw new PermanentError("A page message needs pass, range and page as whole numbers.");
  if (!isBound(lo) || !isBound(hi))
    throw new PermanentError("A page message needs lo and hi: an id or null.");
  return { migration, pass, range, page, lo, hi, fingerprint };
}

function parseObject(body: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new PermanentError("A message of the pages queue is not JSON.", { cause });
  }
  if (typeof value !== "object" || value === null)
    throw new PermanentError("A message of the pages queue is not a JSON object.");
  return Object.fromEntries(Object.entries(value));
}
