// What the planner does at each task state of `infra/workflow.asl.json`: one function a state, each harmless
// when it runs twice.
import { guardCleanup } from "./cleanup.ts";
import { guardSwap, releaseWrites, settleSwap } from "./cutover.ts";
import { guardDrop } from "./dropOldVector.ts";
import { RefusedError } from "./errors.ts";
import { refuseWhileApplying } from "./guard.ts";
import { type Inspection, inspectCollection } from "./inspect.ts";
import { acquireLock, readLock } from "./lock.ts";
import { markOf } from "./metadata.ts";
import { secondsToReady } from "./pace.ts";
import { beginPass as beginNextPass } from "./passes.ts";
import { readPlan } from "./plan.ts";
import { type PlanAsked, planMigration } from "./planning.ts";
import type { Clock, Executions, Ledger, Qdrant } from "./ports.ts";
import { isReady, keepOptimizers, prepareTarget, restoreTarget } from "./prepare.ts";
import { type Action, parseRequest, type Request } from "./request.ts";
import { type Resolved, resolveCollections } from "./resolve.ts";
import type { Run } from "./run.ts";
import type { Sample } from "./sample.ts";
import { type MigrationState, readState, updateState } from "./state.ts";
import { readStatus, type Status } from "./status.ts";
import { ensureWayBack } from "./takeOver.ts";
import { type LeftAlone, listed, takeTurns } from "./turns.ts";

export interface PlannerOutside {
  readonly qdrant: Qdrant;
  readonly ledger: Ledger;
  readonly executions: Executions;
  readonly clock: Clock;
  readonly concurrency: number;
}

export interface Validated {
  readonly request: Request;
  /** True when the answer is here already and no collection needs a run. */
  readonly isAnswered: boolean;
  /** Sources to work on, one run each, those that have waited longest first. */
  readonly collections: readonly string[];
  readonly sharing: number;
  readonly leftAlone: readonly LeftAlone[];
  readonly inspections: readonly Inspection[];
  readonly statuses: readonly Status[];
}

/** Reads the input, finds the collections it means, and answers at once what needs no run. */
export async function validate(outside: PlannerOutside, input: unknown): Promise<Validated> {
  const request = parseRequest(input);
  // First of all: is there a Qdrant at the address, and is it new enough?
  await outside.qdrant.version();
  const { collections: all, leftAlone: foreign } = await resolveCollections(
    outside.qdrant,
    request.collection,
  );
  const bySource = new Map<string, Resolved>();
  for (const one of all) {
    const source =
      request.action === "inspect" ? one.collection : await sourceOf(outside, request.action, one.collection);
    if (!bySource.has(source)) bySource.set(source, one);
  }
  const { taken, leftAlone: later } = await takeTurns(outside.ledger, [...bySource.keys()]);
  const found = {
    request,
    leftAlone: listed([...later, ...foreign]),
    isAnswered: request.action === "inspect" || request.action === "status",
    collections: taken,
    sharing: taken.length,
    inspections: [],
    statuses: [],
  };
  if (request.action === "inspect") {
    const inspections: Inspection[] = [];
    for (const name of taken) {
      const resolved = bySource.get(name);
      if (resolved !== undefined) inspections.push(await inspectCollection(outside, request, resolved));
    }
    return { ...found, inspections };
  }
  if (request.action !== "status") return found;
  const statuses: Status[] = [];
  for (const source of taken) statuses.push(await readStatus(outside.ledger, outside.clock, source));
  return { ...found, statuses };
}

/**
 * The source whose migration an action is about. A migration starts from the collection that was named; for
 * every other action a target stands for the source it was made from, unless it is a source itself by now.
 */
async function sourceOf(outside: PlannerOutside, action: Action, collection: string): Promise<string> {
  if (action === "migrate") return collection;
  if ((await readLock(outside.ledger, collection))?.migration) return collection;
  const info = await outside.qdrant.collection(collection);
  return (info === null ? null : markOf(info)?.source) ?? collection;
}

const WITHOUT_LOCK: readonly Action[] = ["pause", "resume", "abort"];

/** Takes the lock and says where the run goes from here. A dry run takes no lock: it changes nothing. */
export async function open(outside: PlannerOutside, run: Run): Promise<Run> {
  const { ledger } = outside;
  const { action, request, collection, execution } = run;
  if (action === "migrate" && request.dryRun) return { ...run, next: "sample" };
  if (WITHOUT_LOCK.includes(action)) return steer(outside, run, await existingMigration(ledger, collection));
  const lock = await acquireLock(outside, collection, execution);
  if (lock.migration !== null) {
    const last = await readPlan(ledger, lock.migration);
    await ensureWayBack(outside.qdrant, last);
    await settleSwap(outside, last, execution);
  }
  if (action === "migrate") return { ...run, migration: lock.migration, next: "sample" };
  const migration = await existingMigration(ledger, collection);
  const opened = { ...run, migration };
  if (action === "redrive") return redrive(outside, opened, migration);
  if (action === "cleanup" && request.dropOldVector) {
    await guardDrop(outside, migration, request);
    // There is nothing left to compare with.
    return { ...opened, next: "cleanup" };
  }
  const says = await guardAction(outside, migration, request, action);
  return says === null ? { ...opened, next: "begin-pass" } : { ...opened, next: "nothing", says };
}

/** After a swap the new collection is the truth, and nothing may be loaded into it from the old one. */
async function redrive({ ledger }: PlannerOutside, run: Run, migration: string): Promise<Run> {
  const { direction, phase } = await readState(ledger, migration);
  if (direction === "forward") return { ...run, action: "migrate", next: "prepare" };
  if (phase === "cleaned")
    return {
      ...run,
      next: "nothing",
      says: "The old collection was deleted; there is nothing to send again.",
    };
  return { ...run, next: "begin-pass" };
}

async function existingMigration(ledger: Ledger, collection: string): Promise<string> {
  const migration = (await readLock(ledger, collection))?.migration ?? null;
  if (migration === null)
    throw new RefusedError(`There is no migration of ${collection}. Start one with the action migrate.`, {
      fields: { collection },
    });
  return migration;
}

function guardAction(
  outside: PlannerOutside,
  migration: string,
  request: Request,
  action: Action,
): Promise<string | null> {
  if (action === "cutover" || action === "rollback")
    return guardSwap(outside, migration, { action, override: request.override });
  if (action === "cleanup") return guardCleanup(outside, migration, request);
  return guardVerify(outside.ledger, migration);
}

async function guardVerify(ledger: Ledger, migration: string): Promise<string | null> {
  const { backfilled, phase } = await readState(ledger, migration);
  if (backfilled && phase !== "cleaned") return null;
  throw new RefusedError(`There is nothing to verify: the migration is at ${phase}.`, {
    fields: { migration },
  });
}

/** Pause, resume and abort write one word into the state; the run at work reads it. */
async function steer({ ledger, clock }: PlannerOutside, run: Run, migration: string): Promise<Run> {
  const state = await updateState(ledger, { migration, now: clock.now() }, (before) =>
    steered(run.action, before),
  );
  return {
    ...run,
    migration,
    next: "close",
    says: `The migration ${migration} is at ${state.phase}${state.paused ? ", paused" : ""}.`,
  };
}

function steered(action: Action, { phase }: MigrationState): Partial<MigrationState> {
  if (action !== "abort") return { paused: action === "pause" };
  if (phase === "done" || phase === "cleaned" || phase === "swap")
    throw new RefusedError(`A migration at ${phase} cannot be aborted; roll it back instead.`);
  return { phase: "aborted" };
}

export async function plan(outside: PlannerOutside, run: Run, sample: Sample): Promise<Run> {
  const asked: PlanAsked = { request: run.request, source: run.collection, execution: run.execution, sample };
  const planned = await planMigration(outside, asked);
  if (planned.next === "nothing")
    return { ...run, migration: planned.migration, next: "nothing", says: planned.says };
  if (planned.next === "dry-run")
    return { ...run, next: "close", plan: planned.plan, says: "Nothing was changed." };
  return { ...run, migration: planned.plan.migration, next: planned.next };
}

export async function prepare(outside: PlannerOutside, run: Run): Promise<Run> {
  const { ranges } = await prepareTarget(outside, migrationOf(run));
  return { ...run, pass: 0, ranges: listRanges(ranges), recorded: 0, idleRedrives: 0 };
}

export async function restore(outside: PlannerOutside, run: Run): Promise<Run> {
  await restoreTarget(outside, migrationOf(run));
  return { ...run, waitSeconds: 0 };
}

/** Counts and searches tell the truth only when the server has caught up. */
export async function ready({ qdrant, ledger }: PlannerOutside, run: Run): Promise<Run> {
  const plan = await readPlan(ledger, migrationOf(run));
  const { target } = plan;
  const info = await qdrant.collection(target.collection);
  if (info === null)
    throw new RefusedError(
      `${target.collection} was deleted during the run. The alias is untouched; start migrate again.`,
    );
  await keepOptimizers(qdrant, plan, info);
  const isNow = isReady(info);
  return {
    ...run,
    next: isNow ? "begin-pass" : "wait",
    waitSeconds: isNow ? 0 : secondsToReady(run.waitSeconds),
  };
}

export async function beginPass(outside: PlannerOutside, run: Run): Promise<Run> {
  const migration = migrationOf(run);
  // A last look that found something: writes flow again before the next repair.
  if (run.next === "again") await releaseWrites(outside, migration, ({ pass }) => pass === run.pass);
  else await refuseWhileApplying(outside, migration);
  const { pass, ranges } = await beginNextPass(outside, migration, run.action);
  const firstPass = run.firstPass === 0 ? pass : run.firstPass;
  return { ...run, pass, firstPass, ranges: listRanges(ranges), recorded: 0, idleRedrives: 0 };
}

const listRanges = (count: number): Run["ranges"] => Array.from({ length: count }, (_, range) => ({ range }));

/** @throws Error when a state is reached without a migration, which the workflow's choices exclude. */
export function migrationOf({ migration, collection }: Run): string {
  if (migration === null) throw new Error(`The run of ${collection} has no migration. This is a bug.`);
  return migration;
}
