// Live events: what happens to memories while a migration is under way, and after its swap. The collection the
// alias points to is written first and is the truth; reconcile then makes the other side equal.

import { DEFAULTS } from "../defaults.ts";
import { completePoints } from "./complete.ts";
import { PermanentError, TransientError } from "./errors.ts";
import { readFreshState } from "./guard.ts";
import type { LiveEvent, LivePoint } from "./liveEvent.ts";
import { readLock } from "./lock.ts";
import { markOf } from "./metadata.ts";
import type { ModelContract } from "./model.ts";
import type { PageOutside } from "./page.ts";
import { ownName, type Plan, readPlan, sidesOf } from "./plan.ts";
import type { CollectionInfo, PointWrite } from "./ports.ts";
import { ownVectors, refusePartialPut } from "./puts.ts";
import { type ReconcileJob, reconcile } from "./reconcile.ts";
import { type Reached, resolveAlias } from "./resolve.ts";
import { placeEvent } from "./shardKeys.ts";
import { type MigrationState, readState } from "./state.ts";
import { termsOf } from "./terms.ts";
import { type FoundText, type TextPlace, textOf } from "./text.ts";
import { composeVectors } from "./vector.ts";

interface UnderWay {
  readonly plan: Plan;
  readonly state: MigrationState;
  /** False before the target is made and after one side has been given up: only the truth is written then. */
  readonly hasTwoSides: boolean;
}

/**
 * Applies one event. Twice, late or out of order is harmless: a put is the same write again, everything else
 * only looks.
 * @throws TransientError while a swap holds writes: the event waits in its queue for some seconds.
 * @throws PermanentError for an event that can never be applied, with the reason.
 */
export async function applyLive(outside: PageOutside, arrived: LiveEvent): Promise<void> {
  for (let round = 0; round < DEFAULTS.reconcileRoundsMax; round++) {
    const reached = await resolveAlias(outside.qdrant, arrived.collection);
    const collection = reached.by;
    const info = await infoOf(outside, reached);
    const before = await findUnderWay(outside, reached, info);
    refuseWhileSwapping(before);
    const event = await placeEvent(outside.qdrant, arrived, { collection, info });
    await writeFirst(outside, event, { collection, underWay: before });
    await completeTruth(outside, event, { collection, underWay: before });
    if (before?.hasTwoSides) await reconcileIds(outside, before, event);
    // A swap in between turned the direction round: what was written may be on the old side only.
    const now = await resolveAlias(outside.qdrant, event.collection);
    const after = await findUnderWay(outside, now, await infoOf(outside, now));
    refuseWhileSwapping(after);
    if (isSameTurn(before, after)) return;
  }
  throw new TransientError(`Collection ${arrived.collection} was swapped again and again during one event.`);
}

const idsOf = (event: LiveEvent) => (event.op === "put" ? event.points.map(({ id }) => id) : event.ids);

const isSameTurn = (a: UnderWay | null, b: UnderWay | null): boolean =>
  a?.plan.migration === b?.plan.migration &&
  a?.state.direction === b?.state.direction &&
  a?.hasTwoSides === b?.hasTwoSides;

function refuseWhileSwapping(underWay: UnderWay | null): void {
  if (underWay?.state.phase === "swap")
    throw new TransientError("Writes are held back for the swap; the event is taken up again in a moment.");
}

const ONE_SIDED: readonly MigrationState["phase"][] = ["planned", "aborted", "cleaned"];

async function infoOf({ qdrant }: PageOutside, { collection, by }: Reached): Promise<CollectionInfo> {
  const info = await qdrant.collection(by);
  if (info !== null) return info;
  throw new PermanentError(`There is no collection or alias ${collection}; the event cannot be applied.`, {
    fields: { collection },
  });
}

/** The migration that has this collection on either side, while both sides still stand. */
async function findUnderWay(
  { qdrant, ledger }: PageOutside,
  { collection }: Reached,
  info: CollectionInfo,
): Promise<UnderWay | null> {
  const own = (await readLock(ledger, collection))?.migration ?? null;
  const source = markOf(info)?.source ?? null;
  const migration = own ?? (source === null ? null : ((await readLock(ledger, source))?.migration ?? null));
  if (migration === null) return null;
  const [plan, state] = [await readPlan(ledger, migration), await readState(ledger, migration)];
  const hasTwoSides = !ONE_SIDED.includes(state.phase);
  // A ledger of the past may name a target that is gone; before the load there is none yet.
  const isTargetThere = (await qdrant.collection(plan.target.collection)) !== null;
  if (!isTargetThere && (hasTwoSides || state.direction === "reverse")) return null;
  return { plan, state, hasTwoSides };
}

/** Vectors that the writer of a bridge did not know are made; a put has made them all. */
async function completeTruth(outside: PageOutside, event: LiveEvent, at: At): Promise<void> {
  if (event.op !== "touch") return;
  const { qdrant, models, encodeVector } = outside;
  const { underWay } = at;
  const collection = underWay === null ? at.collection : truthOf(underWay);
  const info = await qdrant.collection(collection);
  if (info === null || (markOf(info)?.bridged ?? []).length === 0) return;
  const read = async () => {
    const points = await qdrant.retrieve(collection, event.ids, { payload: true, vectors: true });
    return new Map(points.map((point) => [point.id, point]));
  };
  const vectors = ownVectors({ collection, info, planned: plannedOf(underWay) });
  await completePoints(
    { qdrant, collection, vectors, place: placeOf(underWay), read },
    { models, encodeVector, checksText: true, guard: async () => refuseTurned(outside, underWay) },
  );
}

interface At {
  readonly collection: string;
  readonly underWay: UnderWay | null;
}

/** The write to the side readers see. A touch has been written by its application already. */
async function writeFirst(outside: PageOutside, event: LiveEvent, at: At): Promise<void> {
  const collection = at.underWay === null ? at.collection : truthOf(at.underWay);
  const beforeRepeat = () => refuseTurned(outside, at.underWay);
  switch (event.op) {
    case "touch":
      return;
    case "delete":
      await beforeRepeat();
      return outside.qdrant.delete(collection, event.ids, { beforeRepeat });
    case "put": {
      const info = await outside.qdrant.collection(collection);
      if (info === null) throw new TransientError(`Collection ${collection} is not there just now.`);
      const points = await embedPoints(outside, event.points, { ...at, collection, info });
      await beforeRepeat();
      return outside.qdrant.upsert(collection, points, { beforeRepeat });
    }
  }
}

/** Before there are two sides the source may not have the name yet by which a migration reaches it. */
const truthOf = ({ plan, state, hasTwoSides }: UnderWay): string =>
  !hasTwoSides && state.direction === "forward"
    ? ownName(plan)
    : sidesOf(plan, state.direction).from.collection;

const plannedOf = (underWay: UnderWay | null) =>
  underWay === null ? null : sidesOf(underWay.plan, underWay.state.direction).from;

const placeOf = (underWay: UnderWay | null): TextPlace => ({
  textKey: underWay?.plan.textKey ?? [DEFAULTS.textKey],
  textTemplate: underWay?.plan.textTemplate ?? null,
});

/** The points with the vectors that readers look for; one that has no text is stored without a vector. */
async function embedPoints(
  outside: PageOutside,
  points: readonly LivePoint[],
  at: At & { readonly info: CollectionInfo },
): Promise<readonly PointWrite[]> {
  const asked = { collection: at.collection, info: at.info, planned: plannedOf(at.underWay) };
  const vectors = ownVectors(asked);
  refusePartialPut(asked, vectors);
  const texts = points.map(({ payload }) => textOf(payload, placeOf(at.underWay)));
  const made: ReadonlyMap<string, string>[] = [];
  for (const { contract } of vectors) made.push(await embedTexts(outside, points, { at, texts, contract }));
  return points.map(({ id, payload }) => {
    const [own, ...others] = vectors.map(({ shape }, index) => [shape.name, made[index]?.get(id)] as const);
    const kept = others.flatMap(([name, vector]) =>
      vector === undefined ? [] : [`${JSON.stringify(name)}:${vector}`],
    );
    return { id, payload, vectors: composeVectors(own?.[0] ?? "", own?.[1] ?? null, `{${kept.join()}}`) };
  });
}

interface ToEmbed {
  readonly at: At;
  readonly texts: readonly FoundText[];
  readonly contract: ModelContract;
}

/** Vectors by id, of one model. */
async function embedTexts(
  outside: PageOutside,
  points: readonly LivePoint[],
  { at, texts, contract }: ToEmbed,
): Promise<ReadonlyMap<string, string>> {
  const embedder = await outside.models.openContract(contract);
  if (embedder === null)
    throw new PermanentError(
      `The model ${contract.id} of collection ${at.collection} is not in this function.`,
    );
  const withText = texts.flatMap((one) => ("text" in one ? [one.text] : []));
  const made = [...(await embedder.embed(withText, "passage"))];
  const vectors = new Map<string, string>();
  points.forEach(({ id }, index) => {
    const text = texts[index];
    const outcome = text !== undefined && "text" in text ? made.shift() : undefined;
    if (outcome === undefined) return;
    if (!outcome.ok)
      throw new PermanentError(`Point ${id} cannot be embedded: ${outcome.reason}.`, { fields: { id } });
    vectors.set(id, outside.encodeVector(outcome.vector));
  });
  return vectors;
}

async function reconcileIds(outside: PageOutside, underWay: UnderWay, event: LiveEvent): Promise<void> {
  const { plan, state } = underWay;
  const { qdrant, models, deadline, encodeVector } = outside;
  const { from, to } = sidesOf(plan, state.direction);
  const mayDelete = state.direction === "forward" || (state.swaps.at(-1)?.differentPoints ?? 0) === 0;
  const job: ReconcileJob = {
    qdrant,
    from,
    to,
    terms: termsOf(plan, { direction: state.direction, mayDelete, isDeletion: event.op === "delete" }),
    where: { ids: idsOf(event) },
    pageSizePoints: plan.pageSizePoints,
  };
  const embedder = to.contract === null ? null : await models.openContract(to.contract);
  // Forward every function must have the model: an event that is done without its vector would be lost.
  if (embedder === null && state.direction === "forward")
    throw new PermanentError(
      `The model ${to.contract?.id ?? ""} of ${to.collection} is not in this function; the event waits for one that has it.`,
    );
  await reconcile(job, {
    embedder,
    deadline,
    encodeVector,
    guard: () => refuseTurned(outside, underWay),
  });
}

/** What is written would be on the wrong side, or under a swap's last look. */
async function refuseTurned(outside: PageOutside, underWay: UnderWay | null): Promise<void> {
  if (underWay === null) return;
  const now = await readFreshState(outside, underWay.plan.migration);
  refuseWhileSwapping({ ...underWay, state: now });
  if (now.direction !== underWay.state.direction)
    throw new TransientError("The direction turned during an event.");
}
