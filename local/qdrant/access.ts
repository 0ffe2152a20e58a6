import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { unsupported } from "./fault.ts";

/** The keys of the server; without `apiKey` everybody may do everything. */
export interface Keys {
  readonly apiKey?: string | undefined;
  readonly readOnlyApiKey?: string | undefined;
}

export type Access = "all" | "read" | { readonly refusal: string };

/** What the sender of a request may do. Throws 501 for a JWT, which only a real server understands. */
export function accessOf(headers: IncomingHttpHeaders, keys: Keys): Access {
  if (keys.apiKey === undefined && keys.readOnlyApiKey === undefined) return "all";
  const given = headers["api-key"] ?? headers.authorization?.replace(/^Bearer /, "");
  if (typeof given !== "string")
    return { refusal: "Must provide an API key or an Authorization bearer token" };
  if (keys.apiKey !== undefined && isSame(given, keys.apiKey)) return "all";
  if (keys.readOnlyApiKey !== undefined && isSame(given, keys.readOnlyApiKey)) return "read";
  if (/^eyJ[\w-]+\.[\w-]+\.[\w-]*$/.test(given)) throw unsupported("JWT access tokens");
  return { refusal: "Invalid API key or JWT" };
}

// Hashes have one length, which the comparison in constant time needs.
const hashed = (key: string): Buffer => createHash("sha256").update(key).digest();
const isSame = (a: string, b: string): boolean => timingSafeEqual(hashed(a), hashed(b));
