// Live events: what happens to memories while a migration is under way, and after its swap. The collection the
// alias points to is written first and is the truth; reconcile then makes the other side equal.

import { DEFAULTS } from "../defaults.ts";
import { PermanentError, RefusedError, TransientError } from "./errors.ts";
import type { LiveEvent, LivePoint } from "./liveEvent.ts";
import { readLock } from "./lock.ts";
import { markOf } from "./metadata.ts";
import type { PageOutside } from "./page.ts";
import { type Plan, readPlan, sidesOf } from "./plan.ts";
import type { CollectionInfo, Embedder, PointWrite } from "./ports.ts";
import { type ReconcileJob, reconcile } from "./reconcile.ts";
import { resolveAlias } from "./resolve.ts";
import { chooseVector, otherVectors } from "./schema.ts";
import { type MigrationState, readState } from "./state.ts";
import { termsFor } from "./terms.ts";
import { textOf } from "./text.ts";
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
export async function applyLive(outside: PageOutside, event: LiveEvent): Promise<void> {
  for (let round = 0; round < DEFAULTS.reconcileRoundsMax; round++) {
    const collection = await resolveAlias(outside.qdrant, event.collection);
    const before = await findUnderWay(outside, collection);
    refuseWhileSwapping(before);
    await writeFirst(outside, event, { collection, underWay: before });
    if (before?.hasTwoSides) await reconcileIds(outside, before, idsOf(event));
    // A swap in between turned the direction round: what was written may be on the old side only.
    const after = await findUnderWay(outside, await resolveAlias(outside.qdrant, event.collection));
    refuseWhileSwapping(after);
    if (isSameTurn(before, after)) return;
  }
  throw new TransientError(`Collection ${event.collection} was swapped again and again during one event.`);
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

/** The migration that has this collection on either side, while both sides still stand. */
async function findUnderWay({ qdrant, ledger }: PageOutside, collection: string): Promise<UnderWay | null> {
  const info = await qdrant.collection(collection);
  if (info === null)
    throw new PermanentError(`There is no collection or alias ${collection}; the event cannot be applied.`, {
      fields: { collection },
    });
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

interface At {
  readonly collection: string;
  readonly underWay: UnderWay | null;
}

/** The write to the side readers see. A touch has been written by its application already. */
async function writeFirst(outside: PageOutside, event: LiveEvent, at: At): Promise<void> {
  const collection = at.underWay === null ? at.collection : truthOf(at.underWay);
  switch (event.op) {
    case "touch":
      return;
    case "delete":
      return outside.qdrant.delete(collection, event.ids);
    case "put": {
      const info = await outside.qdrant.collection(collection);
      if (info === null) throw new TransientError(`Collection ${collection} is not there just now.`);
      return outside.qdrant.upsert(
        collection,
        await embedPoints(outside, event.points, { ...at, collection, info }),
      );
    }
  }
}

const truthOf = ({ plan, state }: UnderWay): string => sidesOf(plan, state.direction).from.collection;

/** The points with vectors of the collection's own model; one that has none to give is stored without a vector. */
async function embedPoints(
  outside: PageOutside,
  points: readonly LivePoint[],
  at: At & { readonly info: CollectionInfo },
): Promise<readonly PointWrite[]> {
  const embedder = await modelOf(outside, at);
  const { plan } = at.underWay ?? {};
  const vector = chooseVector(at.collection, at.info, plan?.vectorName ?? null);
  if (vector.dimensions !== embedder.contract.dimensions)
    throw new PermanentError(
      `Model ${embedder.contract.id} makes vectors of size ${embedder.contract.dimensions}, collection ${at.collection} holds ${vector.dimensions}.`,
    );
  if (otherVectors(at.info, vector.name).length > 0)
    throw new PermanentError(
      `Collection ${at.collection} has other vectors that a put cannot make; write the point yourself and send a touch.`,
    );
  const place = { textKey: plan?.textKey ?? [DEFAULTS.textKey], textTemplate: plan?.textTemplate ?? null };
  const texts = points.map(({ payload }) => textOf(payload, place));
  const withText = texts.flatMap((one) => ("text" in one ? [one.text] : []));
  const made = [...(await embedder.embed(withText, "passage"))];
  return points.map(({ id, payload }, index) => {
    const text = texts[index];
    const outcome = text !== undefined && "text" in text ? made.shift() : undefined;
    if (outcome !== undefined && !outcome.ok)
      throw new PermanentError(`Point ${id} cannot be embedded: ${outcome.reason}.`, { fields: { id } });
    const written = outcome === undefined ? null : outside.encodeVector(outcome.vector);
    return { id, payload, vectors: composeVectors(vector.name, written, null) };
  });
}

async function modelOf(
  { models }: PageOutside,
  at: At & { readonly info: CollectionInfo },
): Promise<Embedder> {
  const planned =
    at.underWay === null ? null : sidesOf(at.underWay.plan, at.underWay.state.direction).from.contract;
  const contract = markOf(at.info)?.contract ?? planned;
  // Nobody wrote down or proved which model made these vectors: a guess could spoil them silently.
  if (contract === null)
    throw new RefusedError(
      `It is not known which model made the vectors of ${at.collection}, so nothing can be put into it. Write the point yourself and send a touch, or migrate with a proven sourceModel.`,
      { fields: { collection: at.collection } },
    );
  const embedder = await models.openContract(contract);
  if (embedder === null)
    throw new PermanentError(
      `The model ${contract.id} of collection ${at.collection} is not in this function.`,
    );
  return embedder;
}

async function reconcileIds(
  outside: PageOutside,
  { plan, state }: UnderWay,
  ids: ReturnType<typeof idsOf>,
): Promise<void> {
  const { qdrant, ledger, models, deadline, encodeVector } = outside;
  const { from, to } = sidesOf(plan, state.direction);
  const mayDelete = state.direction === "forward" || (state.swaps.at(-1)?.differentPoints ?? 0) === 0;
  const job: ReconcileJob = {
    qdrant,
    from,
    to,
    terms: termsFor(plan, to, mayDelete),
    where: { ids },
    pageSizePoints: plan.pageSizePoints,
  };
  await reconcile(job, {
    embedder: to.contract === null ? null : await models.openContract(to.contract),
    deadline,
    encodeVector,
    guard: async () => {
      const now = await readState(ledger, plan.migration);
      refuseWhileSwapping({ plan, state: now, hasTwoSides: true });
      if (now.direction !== state.direction)
        throw new TransientError("The direction turned during an event.");
    },
  });
}
