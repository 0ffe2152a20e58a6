// What each function does with what the workflow or the queue sends it. The entry points in `functions/` only
// open the outside; simulations call these very functions with an outside that fails on purpose.
import { assessTarget } from "./assess.ts";
import { close } from "./close.ts";
import type { SwapOutside } from "./cutover.ts";
import { cleanup, gate, hold, look, swap } from "./ending.ts";
import { RemasterError } from "./errors.ts";
import {
  type CoordinatorEvent,
  type EmbedderEvent,
  expectOp,
  type PlannerEvent,
  type ProgressEvent,
  type SwapperEvent,
  type VerifierEvent,
} from "./events.ts";
import { applyLive } from "./live.ts";
import { type JsonText, parseLiveEvent } from "./liveEvent.ts";
import { embedPage, type PageOutside } from "./page.ts";
import { planPages } from "./pages.ts";
import type { PassesOutside } from "./passes.ts";
import { firstRun } from "./run.ts";
import { takeSample } from "./sample.ts";
import { summarize } from "./summary.ts";
import { verifyRange } from "./verify.ts";
import type { WalkOutside } from "./walk.ts";
import {
  beginPass,
  migrationOf,
  open,
  type PlannerOutside,
  plan,
  prepare,
  ready,
  restore,
  validate,
} from "./workflow.ts";

const PLANNER_OPS = [
  "validate",
  "open",
  "plan",
  "prepare",
  "restore",
  "ready",
  "begin-pass",
  "close",
  "summarize",
] as const;

/** Everything that is decided before and after the work. */
export async function planner(outside: PlannerOutside, received: PlannerEvent): Promise<unknown> {
  const event = expectOp(received, PLANNER_OPS);
  switch (event.op) {
    case "validate":
      return validate(outside, event.input);
    case "plan":
      return plan(outside, event.run, event.sample);
    case "close":
      // A run whose first call failed is still as the workflow began it.
      return close(outside, { ...firstRun(event.run), ...event.run }, event.error ?? null);
    case "summarize":
      return summarize(event.outcomes, event.leftAlone);
    case "open":
      return open(outside, firstRun(event.run));
    case "prepare":
      return prepare(outside, event.run);
    case "restore":
      return restore(outside, event.run);
    case "ready":
      return ready(outside, event.run);
    case "begin-pass":
      return beginPass(outside, event.run);
  }
}

/** Plans and sends the pages of one range; false when it must be called again to go on. */
export async function coordinator(outside: WalkOutside, received: CoordinatorEvent): Promise<boolean> {
  return planPages(outside, expectOp(received, ["pages"]));
}

/** A sample for the plan, or for the gate. */
export async function embedder(outside: PageOutside, received: EmbedderEvent): Promise<unknown> {
  const { op, run } = expectOp(received, ["sample", "assess"]);
  return op === "sample"
    ? takeSample(outside, run.request, run.collection)
    : assessTarget(outside, migrationOf(run));
}

/** Pages from the queue. What throws goes back to it: a mapping of batch size 1 slows down then. */
export async function embedPages(outside: PageOutside, bodies: readonly string[]): Promise<void> {
  for (const body of bodies) await embedPage(outside, body);
}

/**
 * Live events, one after the other. Returns the messages that must come again; a bad one does not stop the good.
 */
export async function liveBatch(
  outside: PageOutside,
  messages: readonly { readonly messageId: string; readonly body: string }[],
  json: JsonText,
): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const { messageId, body } of messages) {
    try {
      const event = parseLiveEvent(body, json);
      await applyLive(outside, event);
      outside.log("live.applied", { op: event.op, collection: event.collection });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      // The sentence of an error of ours holds ids and names only; anything else may quote what it failed on.
      const reason = error instanceof RemasterError ? error.message : error.name;
      outside.log("live.failed", { messageId, error: error.name, reason });
      failed.push(messageId);
    }
  }
  return failed;
}

/** Says from the ledger how far the pass is and what comes next; sends missing pages again. */
export async function progress(outside: PassesOutside, received: ProgressEvent): Promise<unknown> {
  return look(outside, expectOp(received, ["look"]).run);
}

/** Compares one range of both sides, or gives the verdict on all of them. */
export async function verifier(
  outside: WalkOutside & SwapOutside,
  received: VerifierEvent,
): Promise<unknown> {
  const event = expectOp(received, ["compare", "gate"]);
  return event.op === "gate" ? gate(outside, event.run, event.assessment) : verifyRange(outside, event);
}

const SWAPPER_TURNS = { hold, swap, cleanup } as const;

/** The acts that move or delete what readers see. */
export async function swapper(outside: SwapOutside, received: SwapperEvent): Promise<unknown> {
  const { op, run } = expectOp(received, ["hold", "swap", "cleanup"]);
  return SWAPPER_TURNS[op](outside, run);
}
