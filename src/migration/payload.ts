// Payloads compared as Qdrant stores them: the order of keys does not matter, every number does.
import { createHash } from "node:crypto";
import { canonicalNumber, sameNumber } from "./number.ts";
import type { RawJson } from "./ports.ts";

/**
 * True when both texts are the same payload to Qdrant: keys in any order, `1.0` apart from `1` (integer filters
 * tell them apart), integers to 64 bits compared in full, null apart from a missing key.
 */
export function samePayload(a: RawJson, b: RawJson): boolean {
  // Nearly always: both texts were written by one server, which keeps the order of keys.
  return a === b || sameValue(parseSpelled(a), parseSpelled(b));
}

/** sha256 (hex) of the payload with sorted keys: equal for every spelling that `samePayload` takes as one by value. */
export const payloadHash = (payload: RawJson): string =>
  createHash("sha256")
    .update(canonicalText(parseSpelled(payload)))
    .digest("hex");

/** A number by the text it was written with: a JavaScript number would lose `1.0` and everything beyond 2^53. */
class Spelled {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

function parseSpelled(text: RawJson): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
    typeof value === "number" ? new Spelled(context?.source ?? String(value)) : value,
  );
}

function sameValue(a: unknown, b: unknown): boolean {
  if (a instanceof Spelled || b instanceof Spelled)
    return a instanceof Spelled && b instanceof Spelled && sameNumber(a.source, b.source);
  if (Array.isArray(a) || Array.isArray(b))
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((one, index) => sameValue(one, b[index]))
    );
  if (!isObject(a) || !isObject(b)) return a === b;
  // Entries, not a look-up by name: a key called __proto__ is a key like any other.
  const others = new Map(Object.entries(b));
  const entries = Object.entries(a);
  return (
    entries.length === others.size &&
    entries.every(([key, value]) => others.has(key) && sameValue(value, others.get(key)))
  );
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

function canonicalText(value: unknown): string {
  if (value instanceof Spelled) return canonicalNumber(value.source);
  if (Array.isArray(value)) return `[${value.map(canonicalText).join()}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonicalText(one)}`).join()}}`;
}
