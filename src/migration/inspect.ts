// A read-only look at a collection: what it is, what it would become, and what stands in the way.
import { DEFAULTS } from "../defaults.ts";
import { ConfigError } from "./errors.ts";
import { readLock } from "./lock.ts";
import { markOf } from "./metadata.ts";
import type { Ledger, Qdrant } from "./ports.ts";
import { isReady } from "./prepare.ts";
import type { Request } from "./request.ts";
import type { Resolved } from "./resolve.ts";
import { type DenseVector, denseVectors, sparseVectors } from "./schema.ts";
import { keysOf, textOf } from "./text.ts";

export interface Inspection {
  readonly collection: string;
  readonly aliases: readonly string[];
  readonly points: number;
  readonly vectors: readonly DenseVector[];
  readonly sparseVectors: readonly string[];
  /** Model the collection's metadata names; null when nobody wrote it down. */
  readonly model: string | null;
  readonly madeFrom: string | null;
  readonly isReady: boolean;
  readonly pointsLookedAt: number;
  readonly withText: number;
  readonly keys: readonly { readonly key: string; readonly share: number }[];
  readonly migration: string | null;
  readonly notes: readonly string[];
}

export async function inspectCollection(
  { qdrant, ledger }: { readonly qdrant: Qdrant; readonly ledger: Ledger },
  request: Request,
  { collection, aliases }: Resolved,
): Promise<Inspection> {
  const info = await qdrant.collection(collection);
  if (info === null) throw new ConfigError(`Collection ${collection} does not exist any more.`);
  const ids = await qdrant.sampleIds(collection, DEFAULTS.samplePoints);
  const points = await qdrant.retrieve(collection, ids);
  const withText = points.filter(({ payload }) => "text" in textOf(payload, request)).length;
  const mark = markOf(info);
  const looked = {
    collection,
    aliases,
    points: await qdrant.count(collection),
    vectors: denseVectors(info),
    sparseVectors: sparseVectors(info),
    model: mark?.contract.id ?? null,
    madeFrom: mark?.source ?? null,
    isReady: isReady(info),
    pointsLookedAt: points.length,
    withText,
    keys: keysOf(points.map(({ payload }) => payload)),
    migration: (await readLock(ledger, collection))?.migration ?? null,
  };
  return { ...looked, notes: notesOf(looked, request) };
}

function notesOf(looked: Omit<Inspection, "notes">, request: Request): readonly string[] {
  const notes: string[] = [];
  if (looked.aliases.length === 0)
    notes.push(
      `No alias points to ${looked.collection}: readers use its own name, which Qdrant cannot move. The swap makes an alias for them, or the new collection takes the name over (takeOverName, --take-over-name).`,
    );
  if (looked.pointsLookedAt > 0 && looked.withText === 0)
    notes.push(
      `No point looked at has text under ${request.textKey.join(", ")}; name the right key with textKey.`,
    );
  if (looked.vectors.length > 1 && request.vector === null)
    notes.push(`There are several vectors; name the one to embed again with vector.`);
  if (looked.madeFrom !== null) notes.push(`Made by Remaster from ${looked.madeFrom}.`);
  if (!looked.isReady)
    notes.push("The server is still busy with this collection; counts and searches are not final.");
  return notes;
}
