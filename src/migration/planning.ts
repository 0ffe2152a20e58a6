// Decides what a migration will do, and whether it may: everything that can be refused is refused here,
// before anything is written.
import { DEFAULTS } from "../defaults.ts";
import { planNewVector, refuseOtherLayout } from "./bridge.ts";
import { targetConfiguration } from "./configuration.ts";
import { ConfigError, RefusedError } from "./errors.ts";
import { makeForecast } from "./forecast.ts";
import { GUARANTEES } from "./guarantees.ts";
import { planKey, rangesKey, stateKey } from "./keys.ts";
import { keysWarnings } from "./keyWarnings.ts";
import { readLock, setLockMigration } from "./lock.ts";
import { markedVector, markOf, metadataOf, shortHash, withMark } from "./metadata.ts";
import type { ModelContract } from "./model.ts";
import { chooseNames, namesWarning } from "./names.ts";
import { ownName, type Plan, readPlan } from "./plan.ts";
import type { Clock, CollectionInfo, Ledger, Qdrant } from "./ports.ts";
import { makeRanges } from "./ranges.ts";
import { takeUpAliases } from "./readerNames.ts";
import { recognitionWarnings } from "./recognition.ts";
import type { Request } from "./request.ts";
import type { Sample } from "./sample.ts";
import { chooseVector, otherVectors } from "./schema.ts";
import { firstState, type MigrationState, readState } from "./state.ts";
import { createOnce } from "./stored.ts";
import { dropWayBack, ensureWayBack, probeTakeOver } from "./takeOver.ts";

export interface PlanningOutside {
  readonly qdrant: Qdrant;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** Embedders side by side. */
  readonly concurrency: number;
}

export interface PlanAsked {
  readonly request: Request;
  readonly source: string;
  readonly execution: string;
  readonly sample: Sample;
}

export type Planned =
  | { readonly next: "nothing"; readonly migration: string | null; readonly says: string }
  | { readonly next: "dry-run"; readonly plan: Plan }
  | { readonly next: "prepare" | "catch-up"; readonly plan: Plan };

/**
 * Plans a migration, or finds the stored one to go on with. A dry run writes nothing.
 * @throws RefusedError with what was found and what to do.
 */
export async function planMigration(outside: PlanningOutside, asked: PlanAsked): Promise<Planned> {
  const { qdrant, ledger } = outside;
  const { source, sample, request } = asked;
  const info = await qdrant.collection(source);
  if (info === null)
    throw new ConfigError(`Collection ${source} does not exist any more. Nothing was changed.`);
  if (markOf(info)?.contract.fingerprint === sample.contract.fingerprint)
    return {
      next: "nothing",
      migration: null,
      says: `${source} already holds vectors of ${sample.contract.id}.`,
    };
  const last = await readLast(ledger, source);
  const stored = last === null ? null : await findStored(outside, asked, last);
  if (stored !== null) {
    if (stored.next === "prepare" || stored.next === "catch-up") {
      await ensureWayBack(qdrant, stored.plan);
      await takeUpAliases(outside, stored.plan);
    }
    return stored;
  }
  const leftover = last?.takeOver?.wayBack ?? null;
  const plan = await makePlan(outside, asked, { info, leftover });
  if (request.dryRun) return { next: "dry-run", plan };
  if (plan.takeOver != null) await probeTakeOver(qdrant, plan.takeOver);
  const first = await storePlan(outside, plan);
  if (leftover !== first.takeOver?.wayBack) await dropWayBack(qdrant, leftover);
  await setLockMigration(ledger, source, { migration: first.migration, execution: asked.execution });
  // After the lock: whatever happens next, the next run knows whose alias it is.
  await ensureWayBack(qdrant, first);
  return { next: "prepare", plan: first };
}

/** The plan of the source's last migration, finished, given up or under way. */
async function readLast(ledger: Ledger, source: string): Promise<Plan | null> {
  const migration = (await readLock(ledger, source))?.migration ?? null;
  return migration === null ? null : readPlan(ledger, migration);
}

/** The source's last migration, when its target still stands and it is for this model. */
async function findStored(
  { qdrant, ledger }: PlanningOutside,
  asked: PlanAsked,
  plan: Plan,
): Promise<Planned | null> {
  const { migration } = plan;
  const state = await readState(ledger, migration);
  const target = await qdrant.collection(plan.target.collection);
  // A ledger that tells of a target which is not there (any more) describes another server, or the past.
  if (target === null || markOf(target)?.migration !== migration) return null;
  if (plan.target.contract.fingerprint !== asked.sample.contract.fingerprint)
    return refuseOtherModel(plan, state, asked.sample);
  if (state.phase === "done")
    return {
      next: "nothing",
      migration,
      says: `${asked.source} was cut over to ${plan.target.collection}; the old collection stays until cleanup.`,
    };
  refuseOtherTerms(plan, asked.request);
  if (asked.request.dryRun) return { next: "dry-run", plan };
  return { next: state.backfilled ? "catch-up" : "prepare", plan };
}

function refuseOtherModel(plan: Plan, state: MigrationState, sample: Sample): null {
  if (state.phase === "aborted" || state.phase === "rolled-back") return null;
  throw new RefusedError(
    `A migration of ${ownName(plan)} to ${plan.target.contract.id} is under way (${state.phase}); it cannot become one to ${sample.contract.id}. Finish it, or abort it first.`,
    { fields: { collection: ownName(plan), migration: plan.migration } },
  );
}

/** What decides a point's text may not change in the middle of a run. */
function refuseOtherTerms(plan: Plan, request: Request): void {
  const same =
    plan.textKey.join("\n") === request.textKey.join("\n") &&
    plan.textTemplate === request.textTemplate &&
    plan.emptyText === request.emptyText &&
    plan.layout === (request.layout ?? plan.layout) &&
    (plan.takeOver != null) === (request.takeOverName ?? plan.takeOver != null);
  if (!same)
    throw new RefusedError(
      `The migration of ${ownName(plan)} began with text from ${plan.textKey.join(", ")} (empty text: ${plan.emptyText}), the layout ${plan.layout} and takeOverName ${plan.takeOver != null}; going on otherwise would mix two kinds of points. Repeat the first settings, or abort it and delete ${plan.target.collection}.`,
      { fields: { collection: ownName(plan), migration: plan.migration } },
    );
}

interface Looked {
  readonly info: CollectionInfo;
  readonly leftover: string | null;
}

async function makePlan(
  outside: PlanningOutside,
  asked: PlanAsked,
  { info, leftover }: Looked,
): Promise<Plan> {
  const { request, source, sample, execution } = asked;
  const now = outside.clock.now();
  refuseWithoutText(source, request, sample);
  const vector = chooseVector(source, info, request.vector ?? markedVector(info));
  const version = await outside.qdrant.version();
  const { contract, sourceContract } = sample;
  const layout = request.layout ?? "replace";
  const named = planNewVector({ request, source, info, vector, sourceContract, contract, version });
  const names = await chooseNames(outside.qdrant, {
    request,
    source,
    dimensions: vector.dimensions,
    contract,
    leftover,
  });
  const { aliases, newAlias, takeOver, target } = names;
  const reached = takeOver?.wayBack ?? source;
  refuseOtherLayout(await outside.qdrant.collection(target), target, named);
  // By the execution alone: two calls of one run, one of them thought dead, make the same migration.
  const migration = `${source}.${shortHash(execution).slice(0, 12)}`;
  const { dimensions } = contract;
  const configuration = targetConfiguration(info, {
    vector: vector.name,
    dimensions,
    added: layout === "bridge" ? named.name : null,
    metadata: withMark(metadataOf(info), {
      contract,
      vector: named.name,
      bridged: named.bridged,
      source,
      migration,
    }),
  });
  const points = await outside.qdrant.count(source);
  const forecast = makeForecast(sample, {
    points,
    pageSizePoints: request.pageSizePoints,
    concurrency: outside.concurrency,
    numbersPerPoint: dimensions + (layout === "bridge" ? vector.dimensions : 0),
    create: configuration.create,
    newVector: named.name,
  });
  const endsAt = now + forecast.seconds.high * 1000;
  const keyWarnings = await keysWarnings(outside.qdrant, sample, {
    source: reached,
    target,
    now,
    endsAt,
  });
  return {
    v: 1,
    migration,
    source: {
      collection: reached,
      contract: sourceContract,
      vectorName: vector.name,
      dimensions: vector.dimensions,
    },
    target: { collection: target, contract, vectorName: named.name, dimensions },
    aliases,
    newAlias,
    takeOver,
    layout,
    storesUnitVectors: vector.datatype !== "uint8",
    otherVectors: otherVectors(info, vector.name),
    textKey: request.textKey,
    textTemplate: request.textTemplate,
    emptyText: request.emptyText,
    pageSizePoints: request.pageSizePoints,
    keepOldHours: request.keepOldHours,
    cutover: request.cutover,
    queries: request.queries,
    bars: request.bars,
    scoreThresholds: request.scoreThresholds,
    sourcePoints: points,
    sourceProof: sample.proof,
    serverVersion: version,
    create: configuration.create,
    after: configuration.after,
    payloadIndexes: configuration.payloadIndexes,
    guarantees: GUARANTEES,
    warnings: [
      ...configuration.warnings,
      ...namesWarning(names, source),
      ...keyWarnings,
      ...recognitionWarnings(sample),
      ...lastingWarnings(contract, request),
    ],
    cannotCarry: configuration.cannotCarry,
    forecast,
    createdAt: now,
  };
}

/** Said in the plan and when it is READY: a toy must not be taken for a model, and what stays behind not be forgotten. */
export function lastingWarnings(
  { id }: ModelContract,
  { emptyText }: Pick<Request, "emptyText">,
): readonly string[] {
  const warnings: string[] = [];
  if (id === DEFAULTS.builtInModel)
    warnings.push(
      `The new model is the built-in ${id}: small word tables for trying things out, far from a real model. For real memories fetch one (remaster model fetch bge-base-en-v1.5) and set REMASTER_MODEL_DIR.`,
    );
  if (emptyText === "skip")
    warnings.push(
      "Points without text stay out of the new collection (emptyText skip). They are in the old one alone: cleanup asks before it deletes them. With carry they come over without a vector.",
    );
  return warnings;
}

function refuseWithoutText(source: string, request: Request, sample: Sample): void {
  if (sample.points === 0 || sample.withText > 0) return;
  const keys = sample.keys.map(({ key, share }) => `${key} (${Math.round(share * 100)} %)`).join(", ");
  throw new RefusedError(
    `None of ${sample.points} points looked at in ${source} has text under ${request.textKey.join(", ")}. Their payload keys are: ${keys || "none"}. Name the right one with textKey. Nothing was changed.`,
    { fields: { collection: source } },
  );
}

/** The plan of this run: the first that was stored. Written once, in an order that leaves nothing half: the lock names a migration only when all of it is there. */
async function storePlan({ qdrant, ledger, clock }: PlanningOutside, plan: Plan): Promise<Plan> {
  const { migration, sourcePoints } = plan;
  const wanted = Math.ceil(sourcePoints / DEFAULTS.pointsPerRangeMin);
  const count = Math.min(DEFAULTS.rangesMax, Math.max(1, wanted));
  const sampled = count === 1 ? [] : await qdrant.sampleIds(ownName(plan), DEFAULTS.rangeSampleIds);
  const stored = await createOnce(ledger, planKey(migration), plan);
  await createOnce(ledger, rangesKey(migration), { v: 1, ranges: makeRanges(sampled, count) });
  await createOnce(ledger, stateKey(migration), firstState(migration, clock.now()));
  return stored;
}
