// What an API key says of itself. Qdrant's tokens (JWT) carry their end and what they may do in plain sight; the
// signature is the server's business. Nothing of a key is ever written down.

import type { CollectionAccess, KeyDescription, KeyUse } from "../migration/ports.ts";

/** Never throws: what cannot be read as a token is a plain key. */
export function describeKey(key: string | null): KeyDescription {
  if (key === null || key === "") return { kind: "none", expiresAt: null, access: "unknown" };
  const claims = claimsOf(key);
  if (claims === null) return { kind: "plain", expiresAt: null, access: "unknown" };
  const expiry = claims.get("exp");
  return {
    kind: "token",
    expiresAt: typeof expiry === "number" && Number.isFinite(expiry) ? expiry * 1000 : null,
    access: accessOf(claims.get("access")),
  };
}

function claimsOf(key: string): ReadonlyMap<string, unknown> | null {
  const [header = "", claims = "", signature] = key.split(".");
  if (!header.startsWith("eyJ") || signature === undefined) return null;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(claims, "base64url").toString());
    return typeof parsed === "object" && parsed !== null ? new Map(Object.entries(parsed)) : null;
  } catch {
    return null;
  }
}

/** A token without `access` is a manage key; an unknown word grants nothing that could be relied on. */
function accessOf(claim: unknown): KeyDescription["access"] {
  if (claim === undefined || claim === null || claim === "m") return "manage";
  if (claim === "r") return "read";
  return Array.isArray(claim) ? claim.flatMap(collectionAccess) : "unknown";
}

function collectionAccess(claim: unknown): readonly CollectionAccess[] {
  if (typeof claim !== "object" || claim === null) return [];
  const claims = new Map<string, unknown>(Object.entries(claim));
  const [collection, access] = [claims.get("collection"), claims.get("access")];
  if (typeof collection !== "string") return [];
  return [
    {
      collection,
      // `prw`: points may be written, the collection's payload indexes may not.
      mayWrite: access === "rw" || access === "prw",
      isPartial: isSet(claims.get("payload")),
    },
  ];
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null;

/** What stands against using this key, as sentences for the plan; none when nothing is known against it. */
export function keyProblems(key: KeyDescription, use: KeyUse): readonly string[] {
  return [...expiryProblems(key, use), ...accessProblems(key, use)];
}

const day = (ms: number): string => new Date(ms).toISOString().replace(/:\d\d\.\d+Z$/, "Z");

function expiryProblems({ expiresAt }: KeyDescription, { now, endsAt }: KeyUse): readonly string[] {
  // A date beyond JavaScript's calendar is no end.
  if (expiresAt === null || Math.abs(expiresAt) > 8.64e15) return [];
  if (expiresAt <= now) return [`The API key expired at ${day(expiresAt)}. Make a new one.`];
  if (expiresAt > endsAt) return [];
  return [
    `The API key expires at ${day(expiresAt)}, before the forecast's end at ${day(endsAt)}. Replace it before then; a new key is taken up without a restart.`,
  ];
}

function accessProblems({ access }: KeyDescription, use: KeyUse): readonly string[] {
  if (access === "unknown" || access === "manage") return [];
  if (access === "read") return ["The API key may only read; nothing can be migrated with it."];
  const named = access.map(({ collection }) => collection).join(", ") || "no collection";
  if (use.for === "manage")
    return [
      `The API key is for ${named} alone: it cannot create ${use.target}, change settings, swap an alias or delete a collection. Those need a key with manage access.`,
    ];
  return pointProblems(access, use);
}

function pointProblems(access: readonly CollectionAccess[], { source, target }: KeyUse): readonly string[] {
  const [from, to] = [source, target].map((name) => access.find(({ collection }) => collection === name));
  const problems: string[] = [];
  if (from === undefined)
    problems.push(
      `The API key does not name ${source}, the name that is asked for (another name of the same collection does not count): it cannot read it.`,
    );
  if (to === undefined || !to.mayWrite) problems.push(`The API key may not write ${target}.`);
  for (const one of [from, to])
    if (one?.isPartial)
      problems.push(`The API key sees only some points of ${one.collection}: the others would be lost.`);
  return problems;
}
