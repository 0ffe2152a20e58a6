// Payloads compared as their owner would: the order of keys does not matter, every digit of a number does.
import { createHash } from "node:crypto";
import type { RawJson } from "./ports.ts";

/** True when both texts hold the same JSON: `1.0` is not `1`, integers beyond 2^53 are compared in full. */
export function samePayload(a: RawJson, b: RawJson): boolean {
  return a === b || canonicalPayload(a) === canonicalPayload(b);
}

/** sha256 (hex) of the canonical payload. */
export const payloadHash = (payload: RawJson): string =>
  createHash("sha256").update(canonicalPayload(payload)).digest("hex");

/** A text that is the same for the same JSON: keys sorted, every number as the server spelled it. */
function canonicalPayload(payload: RawJson): string {
  const parsed: unknown = JSON.parse(payload, keepSpelling);
  return JSON.stringify(parsed);
}

/**
 * Numbers become `{number: spelling}` and objects `{object: [key, value, …]}` with sorted keys. A list, because
 * keys like "1" would move to the front of a plain object and "__proto__" is not a key like others.
 */
function keepSpelling(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value === "number") return { number: context?.source ?? String(value) };
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return { object: entries.flat() };
}
