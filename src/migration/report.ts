// What a migration did, for people and programs. Ids, counts and hashes only: no text of a memory.
import type { Assessment } from "./assess.ts";
import { readerNames } from "./cutover.ts";
import type { Forecast } from "./forecast.ts";
import type { GateResult } from "./gate.ts";
import { gateKey } from "./keys.ts";
import type { ModelContract } from "./model.ts";
import type { Found } from "./pass.ts";
import { type Plan, readPlan, type SourceProof } from "./plan.ts";
import type { Ledger } from "./ports.ts";
import { EMPTY_SUMMARY, type Summary } from "./record.ts";
import { type MigrationState, type Phase, readState, type Swap } from "./state.ts";
import { outcomesOf } from "./status.ts";
import { readStored } from "./stored.ts";
import type { Tally } from "./tally.ts";

/** Version 1 of `report.json`. Times are milliseconds since 1970, durations are named by their unit. */
export interface Report {
  readonly v: 1;
  readonly migration: string;
  readonly verdict: "green" | "red" | "undecided";
  readonly phase: Phase;
  readonly source: string;
  readonly target: string;
  readonly readersUse: readonly string[];
  readonly pointsTo: string;
  readonly oldModel: ModelContract | null;
  readonly newModel: ModelContract;
  readonly sourceProof: SourceProof;
  readonly gate: GateResult | null;
  readonly tally: Tally;
  readonly failuresByReason: Readonly<Record<string, number>>;
  readonly failures: Summary["failures"];
  readonly skippedByReason: Readonly<Record<string, number>>;
  readonly skipped: Summary["skipped"];
  readonly found: Found | null;
  readonly assessment: Assessment | null;
  readonly truncated: { readonly texts: number; readonly tokensLost: number; readonly maxTokens: number };
  readonly forecast: Forecast;
  readonly actual: {
    readonly seconds: number | null;
    readonly tokens: number;
    readonly embedded: number;
    readonly pointsPerSecond: number | null;
  };
  readonly swaps: readonly Swap[];
  readonly timeline: MigrationState["timeline"];
  readonly warnings: readonly string[];
  readonly cannotCarry: readonly string[];
  readonly guarantees: readonly { readonly writer: string; readonly guarantee: string }[];
  readonly nextAction: Readonly<Record<string, string>> | null;
  readonly serverVersion: string;
  readonly error: MigrationState["error"];
}

export async function readReport(ledger: Ledger, migration: string): Promise<Report> {
  const [plan, state] = [await readPlan(ledger, migration), await readState(ledger, migration)];
  const stored =
    state.gate === null
      ? null
      : await readStored<{ readonly v: 1; readonly assessment: Assessment }>(
          ledger,
          gateKey(migration, state.gate.pass),
        );
  return makeReport(plan, state, stored?.assessment ?? null);
}

export function makeReport(plan: Plan, state: MigrationState, assessment: Assessment | null): Report {
  const summary = state.backfill ?? EMPTY_SUMMARY;
  const outcomes = outcomesOf(state, summary);
  const swapped = state.direction === "reverse";
  return {
    v: 1,
    migration: plan.migration,
    verdict: state.gate?.verdict ?? "undecided",
    phase: state.phase,
    source: plan.source.collection,
    target: plan.target.collection,
    readersUse: readerNames(plan),
    pointsTo: swapped ? plan.target.collection : plan.source.collection,
    oldModel: plan.source.contract,
    newModel: plan.target.contract,
    sourceProof: plan.sourceProof,
    gate: state.gate,
    tally: outcomes.tally,
    failuresByReason: outcomes.failuresByReason,
    failures: outcomes.failures,
    skippedByReason: outcomes.skippedByReason,
    skipped: outcomes.skipped,
    found: state.verified?.found ?? null,
    assessment,
    truncated: {
      texts: summary.truncated,
      tokensLost: summary.tokensLost,
      maxTokens: plan.target.contract.maxTokens,
    },
    forecast: plan.forecast,
    actual: actualOf(summary),
    swaps: state.swaps,
    timeline: state.timeline,
    warnings: plan.warnings,
    cannotCarry: plan.cannotCarry,
    guarantees: GUARANTEES,
    nextAction: nextActionOf(plan, state),
    serverVersion: plan.serverVersion,
    error: state.error,
  };
}

function actualOf(summary: Summary): Report["actual"] {
  const { firstAt, lastAt, tokens, embedded, tally } = summary;
  const seconds = firstAt === null || lastAt === null ? null : (lastAt - firstAt) / 1000;
  const pointsPerSecond = seconds === null || seconds === 0 ? null : tally.total / seconds;
  return { seconds, tokens, embedded, pointsPerSecond };
}

const GUARANTEES: Report["guarantees"] = [
  {
    writer: "writers that pause during the cut-over",
    guarantee: "exact: every id, payload and vector was compared after the last write",
  },
  {
    writer: "writers that go on writing to the alias or the old collection",
    guarantee: "equal up to the writes of the last pass; run verify after the swap",
  },
];

function nextActionOf(plan: Plan, { phase }: MigrationState): Report["nextAction"] {
  const collection = plan.source.collection;
  switch (phase) {
    case "ready":
    case "rolled-back":
      return { action: "cutover", collection };
    case "done":
      return { action: "cleanup", collection };
    case "not-ready":
    case "backfill":
    case "catch-up":
      return { action: "migrate", collection };
    default:
      return null;
  }
}
