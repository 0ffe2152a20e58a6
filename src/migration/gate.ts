// The verdict: may readers be sent to the target? Every check says what was found, in numbers.
import { DEFAULTS } from "../defaults.ts";
import type { Assessment } from "./assess.ts";
import { configurationDifference } from "./configurationDifference.ts";
import { sayDifferences } from "./found.ts";
import { gateKey } from "./keys.ts";
import { differencesOf, type Found } from "./pass.ts";
import { type Plan, readPlan } from "./plan.ts";
import type { Clock, CollectionInfo, Ledger, Qdrant } from "./ports.ts";
import { isReady } from "./prepare.ts";
import type { Quality } from "./quality.ts";
import { recognitionChecks } from "./recognition.ts";
import type { Summary } from "./record.ts";
import { type MigrationState, readState, updateState } from "./state.ts";
import { createOnce } from "./stored.ts";

/** One line of the gate: what was looked at, what was found, and whether that is good enough. */
export interface GateCheck {
  readonly name: string;
  readonly ok: boolean;
  /** A sentence with the numbers found and the bar. Ids and counts only. */
  readonly found: string;
}

export interface GateResult {
  readonly verdict: "green" | "red";
  readonly checks: readonly GateCheck[];
  /** Number of the verification it was decided on. */
  readonly pass: number;
  readonly at: number;
}

export interface GateOutside {
  readonly qdrant: Qdrant;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/** Decides on the last verification and the assessment, and keeps the verdict in the state and the ledger. */
export async function decideGate(
  { qdrant, ledger, clock }: GateOutside,
  migration: string,
  assessment: Assessment,
): Promise<GateResult> {
  const [plan, state] = [await readPlan(ledger, migration), await readState(ledger, migration)];
  const [source, target] = [
    await qdrant.collection(plan.source.collection),
    await qdrant.collection(plan.target.collection),
  ];
  const counts = [
    await qdrant.count(plan.source.collection),
    await qdrant.count(plan.target.collection),
  ] as const;
  const checks = [
    ...integrityChecks(plan, state, counts),
    ...(target === null || source === null
      ? [{ name: "collections", ok: false, found: "One of the two collections does not exist any more." }]
      : serverChecks(plan, source, target)),
    ...assessmentChecks(assessment),
    ...recognitionChecks(assessment.recognition),
  ];
  const verdict = checks.every(({ ok }) => ok) ? "green" : "red";
  const gate: GateResult = { verdict, checks, pass: state.pass, at: clock.now() };
  await createOnce(ledger, gateKey(migration, state.pass), { v: 1, ...gate, assessment });
  await updateState(ledger, { migration, now: clock.now() }, (before) => ({
    gate,
    // A verification after the swap looks, and leaves the phase alone; so does a late one during a swap.
    ...(before.direction === "forward" && before.phase !== "swap"
      ? { phase: verdict === "green" ? "ready" : "not-ready" }
      : {}),
  }));
  return gate;
}

function integrityChecks(
  plan: Plan,
  state: MigrationState,
  counts: readonly [number, number],
): readonly GateCheck[] {
  const found: Found | null = state.verified?.found ?? null;
  const failed = failedPoints(state);
  const left = plan.emptyText === "carry" ? 0 : (state.backfill?.tally.skipped ?? 0);
  return [
    {
      name: "every id and payload",
      ok: found !== null && differencesOf(found) === 0,
      found:
        found === null
          ? "No verification has finished."
          : `${found.checked} points compared: ${sayDifferences(found, found.ids)}.`,
    },
    {
      name: "counts",
      ok: counts[0] === counts[1] || (left > 0 && counts[0] - counts[1] === left),
      found: `${counts[0]} points in ${plan.source.collection}, ${counts[1]} in ${plan.target.collection}${left > 0 ? `, ${left} left out on request` : ""}.`,
    },
    {
      name: "no failed point",
      ok: failed === 0,
      found:
        failed === 0
          ? "Every point was migrated, unchanged or skipped."
          : `${failed} points failed: ${reasons(state)}.`,
    },
  ];
}

/** Points that failed and were not repaired since. */
export function failedPoints(state: MigrationState): number {
  const { verified, backfill } = state;
  if (verified === null) return backfill?.tally.failed ?? 0;
  return differencesOf(verified.found) === 0 ? 0 : verified.repairs.tally.failed;
}

const reasons = ({ verified, backfill }: MigrationState): string => {
  const summary: Summary | null = verified?.repairs ?? backfill;
  return Object.entries(summary?.failuresByReason ?? {})
    .map(([reason, count]) => `${count} ${reason}`)
    .join(", ");
};

function serverChecks(plan: Plan, source: CollectionInfo, target: CollectionInfo): readonly GateCheck[] {
  const different = configurationDifference(source, target, {
    vector: plan.source.vectorName,
    added: plan.layout === "bridge" ? plan.target.vectorName : null,
  });
  return [
    {
      name: "configuration",
      ok: different.length === 0,
      found:
        different.length === 0
          ? `Only what was meant to differ does: ${plan.layout === "bridge" ? "the new vector" : "the vector's size"} and Remaster's mark.`
          : `Differs in ${different.map(({ path }) => path).join(", ")}.`,
    },
    {
      name: "server ready",
      ok: isReady(target),
      found: `Status ${target.status}, ${target.updateQueueLength} updates queued, ${target.deferredPoints} points deferred.`,
    },
  ];
}

function assessmentChecks(assessment: Assessment): readonly GateCheck[] {
  const { compared, meanCosine, minCosine, foundBySearch, isVaried, search } = assessment;
  if (compared === 0)
    return [
      {
        name: "sample",
        ok: true,
        found: "No point of the sample has text; there was nothing to embed again.",
      },
    ];
  return [
    {
      name: "embedded again",
      ok: minCosine >= DEFAULTS.gateCosine,
      found: `${compared} points embedded again: cosine to the stored vectors ${meanCosine.toFixed(6)} on average, ${minCosine.toFixed(6)} at least (bar ${DEFAULTS.gateCosine}).`,
    },
    {
      name: "vectors vary",
      ok: isVaried,
      found: isVaried ? "The sample's vectors differ." : "All vectors of the sample are the same.",
    },
    {
      name: "found by search",
      ok: foundBySearch === compared,
      found: `${foundBySearch} of ${compared} points are among the nearest ten of their own vector.`,
    },
    ...(search === null ? [] : [qualityCheck(search.quality)]),
  ];
}

/** Worse search stands in the way; better search that is not proven does not, but is said. */
function qualityCheck({ verdict, kind, queries, lines }: Quality): GateCheck {
  const failed = lines
    .filter(({ outcome }) => outcome === "FAIL")
    .map(({ name, found }) => `${name}: ${found}`);
  return {
    name: "search quality",
    ok: verdict !== "FAIL",
    found: `${verdict} over ${queries} ${kind} queries.${failed.length === 0 ? "" : ` ${failed.join(" ")}`}`,
  };
}
