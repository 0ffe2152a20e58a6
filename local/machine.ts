// One machine: the deployed workflow interpreted, the deployed handlers in worker processes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ownerOfThisProcess } from "../src/execution/process.ts";
import type { PlannerEvent } from "../src/migration/events.ts";
import type { Outcome, Run } from "../src/migration/run.ts";
import type { RunSummary } from "../src/migration/summary.ts";
import type { Validated } from "../src/migration/workflow.ts";
import { type Host, type HostOptions, startHost } from "./host/host.ts";
import { runWorkflow } from "./workflow/interpreter.ts";

export interface MachineRun {
  /** Answers of inspect and status; null until the input was validated. */
  readonly validated: Validated | null;
  /** One a collection, as far as the run came. */
  readonly outcomes: readonly Outcome[];
  readonly summary: RunSummary | null;
  /** What ended the run when it was not its own end. */
  readonly error: { readonly name: string; readonly message: string } | null;
  readonly isStopped: boolean;
}

export interface MachineWatch {
  /** A collection's run reached a state of the workflow. */
  readonly onRun?: (run: Run) => void;
  readonly onOutcome?: (outcome: Outcome) => void;
}

export interface MachineOptions extends HostOptions {
  /**
   * No longer a pause between holding writes and the last look. Only for whoever knows that no other process writes
   * with this ledger: a `remaster events` beside the run, or one that was killed, may have a write under way.
   */
  readonly drainSecondsMax?: number;
}

/** Waits for the next look are made for AWS; on one machine a look costs nothing. */
const LOOK_SECONDS_MAX = 0.5;
/** Long enough that a server which restarts is there again within a state's retries. */
const RETRY_SECONDS_MAX = 15;

const definition: unknown = JSON.parse(
  readFileSync(join(import.meta.dirname, "..", "infra", "workflow.asl.json"), "utf8"),
);

/** A machine that runs inputs of the workflow, one at a time. Dispose it to end its processes. */
export class Machine {
  readonly host: Host;

  readonly #drainSecondsMax: number;

  private constructor(host: Host, drainSecondsMax: number) {
    this.host = host;
    this.#drainSecondsMax = drainSecondsMax;
  }

  static async start({ drainSecondsMax = Infinity, ...options }: MachineOptions): Promise<Machine> {
    return new Machine(await startHost(options), drainSecondsMax);
  }

  async run(input: unknown, signal: AbortSignal, watch: MachineWatch = {}): Promise<MachineRun> {
    const seen = new Observed(watch);
    const executionName = ownerOfThisProcess();
    const invoke = async (name: string, event: unknown): Promise<unknown> =>
      seen.take(event, await this.host.invoke(name, event, { signal }));
    const ended = await runWorkflow({
      definition,
      input,
      invoke,
      executionName,
      signal,
      waitSecondsMax: (state) => (state === "Drain" ? this.#drainSecondsMax : LOOK_SECONDS_MAX),
      retrySecondsMax: RETRY_SECONDS_MAX,
    });
    const isStopped = signal.aborted;
    if (isStopped) await this.#closeStopped(seen);
    const error =
      ended.status === "SUCCEEDED" || isStopped
        ? null
        : { name: ended.error, message: sentenceOf(ended.cause) };
    return { validated: seen.validated, outcomes: seen.outcomes, summary: seen.summary, error, isStopped };
  }

  /** Ctrl-C: puts back what the run holds, as the workflow would after a failure. */
  async #closeStopped(seen: Observed): Promise<void> {
    if (seen.current === null) return;
    const error = { Error: "Stopped", Cause: "Stopped by the user; the same command goes on where it was." };
    await this.host.invoke("planner", { op: "close", run: seen.current, error });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host.stop({ graceMs: 5_000 });
  }
}

/** Keeps what the functions answered, for whoever watches the run. */
class Observed {
  validated: Validated | null = null;
  summary: RunSummary | null = null;
  /** The collection at work; null between two. */
  current: Run | null = null;
  readonly outcomes: Outcome[] = [];
  readonly #watch: MachineWatch;

  constructor(watch: MachineWatch) {
    this.#watch = watch;
  }

  /** The answers are our own functions': their operation tells their type. */
  take(event: unknown, answer: unknown): unknown {
    const { op } = event as PlannerEvent;
    if (op === "validate") this.validated = answer as Validated;
    else if (op === "summarize") this.summary = answer as RunSummary;
    else if (op === "close") this.#end(answer as Outcome);
    else if (typeof answer === "object" && answer !== null && "request" in answer) this.#go(answer as Run);
    return answer;
  }

  #go(run: Run): void {
    this.current = run;
    this.#watch.onRun?.(run);
  }

  #end(outcome: Outcome): void {
    this.current = null;
    this.outcomes.push(outcome);
    this.#watch.onOutcome?.(outcome);
  }
}

/** A function's failure arrives as its JSON; a person gets the sentence. */
function sentenceOf(cause: string): string {
  try {
    const parsed: unknown = JSON.parse(cause);
    if (typeof parsed === "object" && parsed !== null && "errorMessage" in parsed)
      return String(parsed.errorMessage);
  } catch {
    // It is a sentence already.
  }
  return cause;
}
