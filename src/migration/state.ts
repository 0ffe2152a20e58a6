import type { Fence } from "./fence.ts";
import type { GateResult } from "./gate.ts";
import { stateKey } from "./keys.ts";
import type { Found } from "./pass.ts";
import type { JsonObject, Ledger } from "./ports.ts";
import type { Summary } from "./record.ts";
import type { Override } from "./request.ts";
import type { SnapshotAsked } from "./snapshot.ts";
import { readExisting, updateStored } from "./stored.ts";
import type { Gap } from "./takeOver.ts";

export type Phase =
  | "planned"
  | "backfill"
  | "catch-up"
  | "ready"
  | "not-ready"
  | "cut-over"
  | "swap"
  | "done"
  | "rolled-back"
  | "cleaned"
  | "aborted"
  | "failed";

/** Forward: the source is the truth and the target is made equal. Reverse: the other way round, after the swap. */
export type Direction = "forward" | "reverse";

interface Swap {
  readonly at: number;
  readonly to: string;
  readonly aliases: readonly string[];
  readonly override: Override | null;
  /** How a collection's own name answered while it changed hands; null where aliases alone were moved. */
  readonly gap?: Gap | null;
  /** Points that still differed when the names moved on somebody's word: the other side may lack them. */
  readonly differentPoints: number;
}

/** `migration.json`: the one mutable object of a migration. Times are milliseconds since 1970. */
export interface MigrationState {
  readonly v: 1;
  readonly migration: string;
  readonly phase: Phase;
  readonly direction: Direction;
  /** Last pass that was begun; -1 before the first. */
  readonly pass: number;
  /** True once every page of the backfill has its record. */
  readonly backfilled: boolean;
  /** Outcomes of the backfill, the base of every later sum. */
  readonly backfill: Summary | null;
  /** What the last finished verification found, and what its repairs became. */
  readonly verified: {
    readonly pass: number;
    readonly found: Found;
    readonly repairs: Summary;
    readonly at: number;
  } | null;
  readonly paused: boolean;
  readonly gate: GateResult | null;
  readonly swaps: readonly Swap[];
  /** Readers' aliases as the last run found them; null or absent: as planned. */
  readonly readerAliases?: readonly string[] | null;
  /** Optimizer values to put back after the load; null when they are as they were. */
  readonly optimizersToRestore: JsonObject | null;
  /** The last fence that stopped upserts to the truth, standing or lifted; null: there was none. */
  readonly fence: Fence | null;
  /** Before cleanup, where it was asked for. */
  readonly snapshot?: SnapshotAsked | null;
  readonly startedAt: number;
  readonly updatedAt: number;
  readonly error: { readonly name: string; readonly message: string } | null;
  readonly timeline: readonly { readonly phase: Phase; readonly at: number }[];
}

export function firstState(migration: string, now: number): MigrationState {
  return {
    v: 1,
    migration,
    phase: "planned",
    direction: "forward",
    pass: -1,
    backfilled: false,
    backfill: null,
    verified: null,
    paused: false,
    gate: null,
    swaps: [],
    optimizersToRestore: null,
    fence: null,
    startedAt: now,
    updatedAt: now,
    error: null,
    timeline: [{ phase: "planned", at: now }],
  };
}

export const readState = (ledger: Ledger, migration: string): Promise<MigrationState> =>
  readExisting<MigrationState>(ledger, stateKey(migration));

/** Changes the state; a phase that differs from the last one is added to the timeline. */
export function updateState(
  ledger: Ledger,
  at: { readonly migration: string; readonly now: number },
  change: (state: MigrationState) => Partial<MigrationState> | null,
): Promise<MigrationState> {
  return updateStored<MigrationState>(ledger, stateKey(at.migration), (state) => {
    const changes = change(state);
    if (changes === null) return null;
    const phase = changes.phase ?? state.phase;
    const timeline = phase === state.phase ? state.timeline : [...state.timeline, { phase, at: at.now }];
    return { ...state, ...changes, updatedAt: at.now, timeline };
  });
}
