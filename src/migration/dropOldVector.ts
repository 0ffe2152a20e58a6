// The end of a bridge: when nobody embeds with the old model any more, its vector is taken out of the new collection.
import { refuseOldServer } from "./bridge.ts";
import type { SwapOutside } from "./cutover.ts";
import { RefusedError } from "./errors.ts";
import { markOf, metadataOf, withMark } from "./metadata.ts";
import { ownName, type Plan, readPlan } from "./plan.ts";
import type { CollectionInfo, Qdrant } from "./ports.ts";
import type { Request } from "./request.ts";
import { denseVectors, sparseVectors } from "./schema.ts";
import { readState } from "./state.ts";

/** What is said of a bridge whose old collection is gone. */
export const stillBridged = ({ source, target, layout }: Plan): string =>
  layout === "bridge"
    ? ` ${target.collection} keeps the vector ${JSON.stringify(source.vectorName)} for readers of the old model; when there are none any more, cleanup with "dropOldVector": true and "confirm": "${target.collection}" takes it away.`
    : "";

/**
 * Everything that can be said before anything is taken away.
 * @throws RefusedError with what was found and what to do.
 */
export async function guardDrop(
  { qdrant, ledger }: SwapOutside,
  migration: string,
  request: Pick<Request, "confirm">,
): Promise<CollectionInfo> {
  const [plan, state] = [await readPlan(ledger, migration), await readState(ledger, migration)];
  const { target } = plan;
  const refuse = (why: string): never => {
    throw new RefusedError(
      `The old vector of ${target.collection} is not dropped: ${why} Nothing was changed.`,
      { fields: { collection: target.collection } },
    );
  };
  if (plan.layout !== "bridge") refuse("the migration made no bridge.");
  if (state.phase !== "cleaned" || (await qdrant.collections()).includes(ownName(plan)))
    refuse(
      `the old collection ${ownName(plan)} still exists, and a rollback needs both. Run cleanup without dropOldVector first.`,
    );
  if (request.confirm !== target.collection)
    refuse(
      `readers of the old model would find nothing any more, and it cannot be undone. To do it, repeat ${target.collection} in "confirm".`,
    );
  refuseOldServer(await qdrant.version(), "Dropping a vector");
  const info = await qdrant.collection(target.collection);
  if (info === null || markOf(info)?.migration !== migration)
    throw new RefusedError(
      `${target.collection} is not the collection that this migration made; its vectors are left alone.`,
      { fields: { collection: target.collection } },
    );
  return info;
}

/** Takes the old vector away and reads back that only it is gone. Twice is harmless: what is gone stays gone. */
export async function dropOldVector(
  outside: SwapOutside,
  migration: string,
  request: Pick<Request, "confirm">,
): Promise<string> {
  const { qdrant, ledger } = outside;
  const info = await guardDrop(outside, migration, request);
  const { source, target } = await readPlan(ledger, migration);
  const { vectorName } = source;
  const { collection } = target;
  if (await isGone(qdrant, collection, vectorName)) return `${collection} has no old vector any more.`;
  const before = await qdrant.count(collection);
  // First: from here on no put makes the vector that is about to go.
  await markDropped(qdrant, collection, info, vectorName);
  if (vectorName === "") await qdrant.deleteVector(collection, "", "all");
  else await qdrant.dropVector(collection, vectorName);
  const after = await qdrant.collection(collection);
  const lost = vectorsOf(info).filter(
    (name) => name !== vectorName && (after === null || !vectorsOf(after).includes(name)),
  );
  if (lost.length > 0) throw new Error(`${collection} lost ${lost.join(", ")} as well. This is a bug.`);
  const points = `${before} points before, ${await qdrant.count(collection)} now`;
  return vectorName === ""
    ? `The old vectors of ${collection} were deleted (${points}). Qdrant cannot take an unnamed vector out of a collection: its empty place stays until the next migration.`
    : `The old vector ${JSON.stringify(vectorName)} of ${collection} was dropped (${points}).`;
}

const vectorsOf = (info: CollectionInfo): readonly string[] => [
  ...denseVectors(info).map(({ name }) => name),
  ...sparseVectors(info),
];

/** What the server says decides, not what was sent. */
async function isGone(qdrant: Qdrant, collection: string, vector: string): Promise<boolean> {
  const info = await qdrant.collection(collection);
  if (info === null || !vectorsOf(info).includes(vector)) return true;
  return vector === "" && (await qdrant.count(collection, vector)) === 0;
}

async function markDropped(
  qdrant: Qdrant,
  collection: string,
  info: CollectionInfo,
  vector: string,
): Promise<void> {
  const mark = markOf(info);
  if (mark === null) return;
  const bridged = mark.bridged.map((one) => (one.vector === vector ? { ...one, isDropped: true } : one));
  await qdrant.updateCollection(collection, { metadata: withMark(metadataOf(info), { ...mark, bridged }) });
}
