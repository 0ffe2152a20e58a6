// The report of a migration, from what its ledger holds.
import type { Assessment } from "./assess.ts";
import { costParts } from "./dollars.ts";
import { GUARANTEES } from "./guarantees.ts";
import { gateKey, reportKey } from "./keys.ts";
import { shortHash } from "./metadata.ts";
import { nextOf } from "./next.ts";
import { ownName, type Plan, readPlan } from "./plan.ts";
import type { Clock, Ledger } from "./ports.ts";
import { readerNames } from "./readerNames.ts";
import { addSummaries, EMPTY_SUMMARY, type Summary } from "./record.ts";
import { makeReport, type PointGroup, type Report } from "./report.ts";
import { searchesOf } from "./searches.ts";
import { gradedForecast, workOf } from "./spent.ts";
import { type MigrationState, readState } from "./state.ts";
import { outcomesOf } from "./status.ts";
import { encodeStored, readStored } from "./stored.ts";
import { throughputSamples } from "./throughput.ts";

export async function readReport(ledger: Ledger, clock: Clock, migration: string): Promise<Report> {
  const [plan, state] = [await readPlan(ledger, migration), await readState(ledger, migration)];
  return reportOf(plan, state, { at: clock.now(), assessment: await readAssessment(ledger, state) });
}

/** Writes `report.json` of a migration as it stands. The last run's report is the one that is kept. */
export async function storeReport(ledger: Ledger, clock: Clock, migration: string): Promise<void> {
  const body = encodeStored(await readReport(ledger, clock, migration));
  const before = await ledger.read(reportKey(migration));
  // Losing a race here loses nothing: whoever was faster wrote the report of a later state.
  if (before === null) await ledger.create(reportKey(migration), body);
  else await ledger.replace(reportKey(migration), body, before.version);
}

async function readAssessment(
  ledger: Ledger,
  { migration, gate }: MigrationState,
): Promise<Assessment | null> {
  if (gate === null) return null;
  const stored = await readStored<{ readonly v: 1; readonly assessment: Assessment }>(
    ledger,
    gateKey(migration, gate.pass),
  );
  return stored?.assessment ?? null;
}

function reportOf(
  plan: Plan,
  state: MigrationState,
  { at, assessment }: { readonly at: number; readonly assessment: Assessment | null },
): Report {
  const backfill = state.backfill ?? EMPTY_SUMMARY;
  const outcomes = outcomesOf(state, backfill);
  const core = {
    migration: plan.migration,
    at,
    source: ownName(plan),
    target: plan.target.collection,
    aliases: readerNames(plan, state),
    phase: state.phase,
    direction: state.direction,
    oldContract: plan.source.contract,
    newContract: plan.target.contract,
    layout: plan.layout,
    keptVector: plan.layout === "bridge" ? plan.source.vectorName : null,
    integrity: state.gate?.checks ?? [],
    tally: outcomes.tally,
  };
  const quality = assessment?.search?.quality ?? null;
  return makeReport(core, {
    next: nextOf(plan, state),
    failures: groupsOf(outcomes.failures, outcomes.failuresByReason),
    skipped: groupsOf(outcomes.skipped, outcomes.skippedByReason),
    truncation: {
      texts: outcomes.tally.total - outcomes.tally.skipped,
      newOver: backfill.truncated,
      newTokensLost: backfill.tokensLost,
      sample: assessment?.truncation ?? null,
    },
    quality,
    searches: quality === null ? null : searchesOf(quality),
    thresholds: assessment?.search?.thresholds ?? null,
    throughput: throughputLines(backfill),
    forecast: gradedForecast(plan, backfill, state.backfilled ? outcomes.tally : null),
    cost: costLines(plan, addSummaries(backfill, state.verified?.repairs ?? EMPTY_SUMMARY)),
    timeline: state.timeline,
    guarantees: GUARANTEES,
    hashes: { plan: shortHash(JSON.parse(JSON.stringify(plan))) },
    approvals: state.swaps.map(({ at: swappedAt, to, override }) => ({
      at: swappedAt,
      action: to === plan.target.collection ? "cutover" : "rollback",
      by: override?.by ?? "whoever started the run",
      why: override?.why ?? (to === plan.target.collection ? "the gate was green" : "asked for"),
      override: override !== null,
    })),
  });
}

function groupsOf(
  points: readonly { readonly id: string; readonly reason: string; readonly retryable?: boolean }[],
  counts: Readonly<Record<string, number>>,
): readonly PointGroup[] {
  return Object.entries(counts).map(([reason, count]) => {
    const members = points.filter((point) => point.reason === reason);
    const retryable = members[0]?.retryable;
    return {
      reason,
      count,
      ids: members.map(({ id }) => id),
      ...(retryable === undefined ? {} : { retryable }),
    };
  });
}

function throughputLines({ throughput, firstAt, lastAt }: Summary): Report["throughput"] {
  if (throughput === undefined || firstAt === null || lastAt === null) return null;
  return throughputSamples(throughput, { from: firstAt, to: lastAt });
}

/** What AWS would bill for the work done; one's own machine bills nothing. */
const costLines = (plan: Plan, spent: Summary): Report["cost"] =>
  spent.pages === 0 ? null : costParts(workOf(plan, spent));
