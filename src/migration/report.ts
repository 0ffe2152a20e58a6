// What the person who presses the button reads. Plain JSON; ids and counts, no text of memories.
import type { GateCheck } from "./gate.ts";
import type { Guarantee } from "./guarantees.ts";
import type { PointId } from "./ids.ts";
import type { ModelContract } from "./model.ts";
import type { JsonObject } from "./ports.ts";
import type { Quality } from "./quality.ts";
import { type Outcome, worstOutcome } from "./qualityBars.ts";
import type { Layout } from "./request.ts";
import type { SearchPair } from "./searches.ts";
import type { Direction, Phase } from "./state.ts";
import { addsUp, type Tally } from "./tally.ts";
import type { Thresholds } from "./thresholds.ts";
import type { ThroughputSample } from "./throughput.ts";
import type { TruncationSample } from "./truncation.ts";

export interface Verdict {
  readonly outcome: Outcome;
  /** One sentence: may the alias be switched? */
  readonly headline: string;
  /** What stands behind it, worst first. */
  readonly reasons: readonly string[];
}

/** What to do next, ready to paste. */
export interface NextAction {
  readonly what: string;
  /** Input of the workflow. */
  readonly input: JsonObject;
  /** The same as a command line. */
  readonly command: string;
}

export interface PointGroup {
  readonly reason: string;
  readonly count: number;
  /** The first ids; `count` may be larger. */
  readonly ids: readonly PointId[];
  /** Failures only: may trying again help? */
  readonly retryable?: boolean;
}

interface Truncation {
  /** Of every text: those longer than the new model's limit, and the tokens behind it. */
  readonly texts: number;
  readonly newOver: number;
  readonly newTokensLost: number;
  /** Both models on the same texts; null where the old model was not at hand. */
  readonly sample: TruncationSample | null;
}

interface Range {
  readonly low: number;
  readonly high: number;
}

/** A number foretold by the dry run, and what it turned out to be (null: not known yet). */
export interface ForecastLine {
  readonly name: string;
  readonly unit: string;
  readonly forecast: Range;
  readonly actual: number | null;
}

interface CostLine {
  readonly name: string;
  readonly usd: number;
}

interface Approval {
  readonly at: number;
  readonly action: string;
  readonly by: string;
  readonly why: string;
  /** True when a guard had said no. */
  readonly override: boolean;
}

/**
 * `report.json`. Parts that this run did not measure are null; lists may be empty. Times are milliseconds since
 * 1970. Only `searches` may hold text, and only where the user asked for it (searchTexts.ts).
 */
export interface Report {
  readonly v: 1;
  readonly migration: string;
  readonly at: number;
  /** Version of Remaster that wrote the report. */
  readonly revision: string | null;
  readonly verdict: Verdict;
  readonly next: NextAction | null;
  readonly source: string;
  readonly target: string;
  readonly aliases: readonly string[];
  readonly phase: Phase;
  readonly direction: Direction;
  /** Null where the old model is not known: then nothing is compared with it. */
  readonly oldContract: ModelContract | null;
  readonly newContract: ModelContract;
  readonly layout: Layout;
  /** Name of the old vector that a bridge keeps beside the new one ("" is the unnamed one); else null. */
  readonly keptVector: string | null;
  readonly integrity: readonly GateCheck[];
  readonly tally: Tally;
  readonly failures: readonly PointGroup[];
  readonly skipped: readonly PointGroup[];
  readonly truncation: Truncation | null;
  readonly quality: Quality | null;
  readonly thresholds: Thresholds | null;
  readonly throughput: readonly ThroughputSample[] | null;
  readonly forecast: readonly ForecastLine[] | null;
  readonly cost: readonly CostLine[] | null;
  readonly timeline: readonly { readonly phase: Phase; readonly at: number }[];
  readonly guarantees: readonly Guarantee[];
  /** sha256 by what it is of: plan, request, records. */
  readonly hashes: Readonly<Record<string, string>>;
  readonly approvals: readonly Approval[];
  readonly searches: readonly SearchPair[] | null;
}

/** What every report has; all else starts as "not measured". */
export type ReportCore = Pick<
  Report,
  | "migration"
  | "at"
  | "source"
  | "target"
  | "aliases"
  | "phase"
  | "direction"
  | "oldContract"
  | "newContract"
  | "layout"
  | "keptVector"
  | "integrity"
  | "tally"
>;

const NOT_MEASURED = {
  revision: null,
  next: null,
  failures: [],
  skipped: [],
  truncation: null,
  quality: null,
  thresholds: null,
  throughput: null,
  forecast: null,
  cost: null,
  timeline: [],
  guarantees: [],
  hashes: {},
  approvals: [],
  searches: null,
} as const;

/** A whole report from the parts that are known; the verdict is decided here and nowhere else. */
export function makeReport(
  core: ReportCore,
  parts: Partial<Omit<Report, keyof ReportCore | "v" | "verdict">> = {},
): Report {
  const known = { v: 1, ...NOT_MEASURED, ...core, ...parts } as const;
  return { ...known, verdict: decideVerdict(known) };
}

export interface VerdictInput {
  readonly integrity: readonly GateCheck[];
  readonly tally: Tally;
  readonly quality: Quality | null;
  readonly phase: Phase;
}

const HEADLINES: Readonly<Record<Outcome, string>> = {
  PASS: "Safe to switch: nothing is lost, and search got better.",
  FAIL: "Do not switch yet.",
  INCONCLUSIVE: "Nothing is lost, but better search is not proven.",
};

const points = (count: number): string => count.toLocaleString("en-US");

function judgeIntegrity({ integrity, tally }: VerdictInput): readonly [Outcome, readonly string[]] {
  const faults = integrity.filter(({ ok }) => !ok).map(({ name, found }) => `${name}: ${found}`);
  if (tally.failed > 0) faults.push(`${points(tally.failed)} of ${points(tally.total)} points failed`);
  if (!addsUp(tally)) faults.push("the outcomes do not add up to the number of points");
  if (faults.length > 0) return ["FAIL", faults];
  // No check is no proof: an empty list must never read as green.
  if (integrity.length === 0) return ["INCONCLUSIVE", ["integrity has not been checked"]];
  return ["PASS", [`all ${integrity.length} integrity checks passed for ${points(tally.total)} points`]];
}

function judgeQuality(quality: Quality | null): readonly string[] {
  if (quality === null) return ["quality of search was not measured"];
  return [...quality.lines]
    .sort((a, b) => Number(a.outcome === "PASS") - Number(b.outcome === "PASS"))
    .map(({ name, outcome, found }) => `${outcome === "PASS" ? "" : `${outcome}: `}${name}: ${found}`);
}

/** After the swap nobody needs to be told whether it would be safe, but what readers have now. */
function switchedHeadline(outcome: Outcome, quality: Quality | null): string {
  if (outcome === "FAIL") return "Switched although the gate said no.";
  if (outcome === "INCONCLUSIVE") return "Switched. Nothing is lost; better search is not proven.";
  return `Switched: nothing is lost${quality === null ? "" : ", and search got better"}.`;
}

function headlineFor(outcome: Outcome, integrity: Outcome, { quality, phase }: VerdictInput): string {
  if (integrity === "INCONCLUSIVE") return "Not proven yet: integrity has not been checked.";
  if (phase === "done" || phase === "cleaned") return switchedHeadline(outcome, quality);
  if (integrity === "FAIL") return HEADLINES.FAIL;
  if (outcome === "FAIL") return "Do not switch: nothing is lost, but search fails its bar.";
  if (quality === null) return "Nothing is lost. Whether search got better was not measured.";
  return HEADLINES[outcome];
}

/**
 * Integrity first: a failed check or a failed point is FAIL whatever search says. Quality that was not measured does
 * not stand in the way, but the headline says so.
 */
export function decideVerdict(input: VerdictInput): Verdict {
  const [integrity, faults] = judgeIntegrity(input);
  const outcome = worstOutcome([integrity, ...(input.quality === null ? [] : [input.quality.verdict])]);
  const quality = judgeQuality(input.quality);
  const reasons =
    integrity === "PASS" && outcome !== "PASS" ? [...quality, ...faults] : [...faults, ...quality];
  return { outcome, headline: headlineFor(outcome, integrity, input), reasons };
}
