// Which pass comes next, and what a finished one means.
import { DEFAULTS } from "../defaults.ts";
import { RefusedError } from "./errors.ts";
import { type PassRange, passKey } from "./keys.ts";
import { type Pace, secondsToNextLook } from "./pace.ts";
import { differencesOf, type Found, type Pass, readPass, readRanges } from "./pass.ts";
import { readPlan, sidesOf } from "./plan.ts";
import type { Clock, Ledger, Queue } from "./ports.ts";
import { isDone, missingPages, type PassProgress, readProgress } from "./progress.ts";
import type { Summary } from "./record.ts";
import type { Action } from "./request.ts";
import { type MigrationState, type Phase, readState, updateState } from "./state.ts";
import { createOnce } from "./stored.ts";
import { messagesOf } from "./walk.ts";

export interface PassesOutside {
  readonly ledger: Ledger;
  readonly queue: Queue;
  readonly clock: Clock;
}

/**
 * Begins the next verification. It repairs what it finds, but for the actions that only look (`verify`,
 * `cleanup`), and but for the last look before a swap, when writes are held back.
 */
export async function beginPass(
  { ledger, clock }: Pick<PassesOutside, "ledger" | "clock">,
  migration: string,
  action: Action,
): Promise<{ readonly pass: number; readonly ranges: number }> {
  const state = await updateState(ledger, { migration, now: clock.now() }, (before) => ({
    pass: before.pass + 1,
    phase: phaseDuring(before, action),
    error: null,
  }));
  const pass: Pass = {
    v: 1,
    pass: state.pass,
    kind: "verify",
    direction: state.direction,
    repair: action !== "verify" && action !== "cleanup" && state.phase !== "swap",
    mayDelete: state.direction === "forward" || (state.swaps.at(-1)?.differentPoints ?? 0) === 0,
    beganAt: clock.now(),
  };
  // A crash after the state and before this leaves a number without a pass; the next one simply takes another.
  await createOnce(ledger, passKey(migration, state.pass), pass);
  return { pass: state.pass, ranges: (await readRanges(ledger, migration)).length };
}

function phaseDuring({ phase, direction }: MigrationState, action: Action): Phase {
  if (phase === "swap" || action === "verify" || action === "cleanup") return phase;
  // After the swap only a rollback goes anywhere; what is missing is sent again, and readers stay where they are. Nor does a
  // late call of a run that has been over for a while change what was reached.
  if ((direction === "reverse") !== (action === "rollback")) return phase;
  return action === "cutover" || action === "rollback" ? "cut-over" : "catch-up";
}

export interface Look extends PassRange {
  readonly action: Action;
  /** Records at the look before, and how often missing pages were sent again since the last new one. */
  readonly recorded: number;
  readonly idleRedrives: number;
  readonly firstPass: number;
  /** Collections that share the execution. */
  readonly sharing: number;
}

export interface Looked {
  readonly next: "wait" | "restore" | "again" | "gate" | "hold" | "swap" | "cleanup" | "close";
  readonly waitSeconds: number;
  readonly recorded: number;
  readonly idleRedrives: number;
  readonly says: string;
}

/**
 * Looks how far the pass is. What the ledger misses while the queue is empty is sent again.
 * @throws RefusedError when the run was aborted, or when pages stay missing however often they are sent.
 */
export async function lookAtPass(outside: PassesOutside, look: Omit<Look, "range">): Promise<Looked> {
  const { ledger, clock } = outside;
  const { migration } = look;
  const state = await readState(ledger, migration);
  if (state.phase === "aborted")
    throw new RefusedError(
      `The migration ${migration} was aborted. The alias and the old collection are untouched.`,
    );
  const pass = await readPass(ledger, migration, look.pass);
  const ranges = (await readRanges(ledger, migration)).length;
  const progress = await readProgress(ledger, look, { ranges, keep: true });
  if (!isDone(progress)) return waitFor(outside, { look, state, pass, ranges, progress });
  const next =
    pass.kind === "backfill" ? "restore" : await afterVerify(outside, { look, state, pass, progress });
  return { next, waitSeconds: 0, recorded: 0, idleRedrives: 0, says: saysOf(pass, progress, clock.now()) };
}

function saysOf(pass: Pass, { recorded, found, summary }: PassProgress, now: number): string {
  const seconds = ((now - pass.beganAt) / 1000).toFixed(1);
  return pass.kind === "backfill"
    ? `${summary.tally.total} points in ${recorded} pages, ${seconds} s.`
    : `${found.checked} points compared, ${differencesOf(found)} differences,${found.incomplete > 0 ? ` ${found.incomplete} points without one of a bridge's vectors,` : ""} ${recorded} pages repaired, ${seconds} s.`;
}

interface LookedAt {
  readonly look: Omit<Look, "range">;
  readonly state: MigrationState;
  readonly pass: Pass;
  readonly ranges: number;
  readonly progress: PassProgress;
}

async function waitFor(
  outside: PassesOutside,
  { look, state, pass, ranges, progress }: LookedAt,
): Promise<Looked> {
  const { recorded, planned } = progress;
  const isStill = recorded === look.recorded;
  const depth = await outside.queue.depth();
  const isLost = progress.sealed && isStill && depth.waiting + depth.inFlight === 0 && !state.paused;
  if (isLost && look.idleRedrives >= DEFAULTS.redrivesMax)
    throw new RefusedError(
      `${planned - recorded} of ${planned} pages have no record although they were sent ${look.idleRedrives + 1} times; ${depth.dead} messages are in the dead-letter queue. Nothing is lost: mend what the embedder's log names, then start the same run again.`,
      { fields: { migration: look.migration, pass: look.pass } },
    );
  if (isLost) await redriveMissing(outside, look, ranges);
  const idleRedrives = isLost ? look.idleRedrives + 1 : isStill ? look.idleRedrives : 0;
  const pace = paceOf(pass, progress, outside.clock.now());
  const waitSeconds = secondsToNextLook({ ...pace, sharing: look.sharing });
  const says = state.paused ? "Paused; resume goes on." : `${recorded} of ${planned} pages recorded.`;
  return { next: "wait", waitSeconds, recorded, idleRedrives, says };
}

function paceOf(
  pass: Pass,
  { planned, recorded, summary }: PassProgress,
  now: number,
): Omit<Pace, "sharing"> {
  const elapsed = Math.max(0, now - pass.beganAt) / 1000;
  const idle = Math.max(0, now - Math.max(pass.beganAt, summary.lastAt ?? 0)) / 1000;
  return { elapsed, idle, left: recorded === 0 ? null : elapsed * ((planned - recorded) / recorded) };
}

/** Sending a page twice is harmless: the first record wins. */
async function redriveMissing(
  { ledger, queue }: Pick<PassesOutside, "ledger" | "queue">,
  at: Pick<PassRange, "migration" | "pass">,
  ranges: number,
): Promise<number> {
  const { to } = sidesOf(
    await readPlan(ledger, at.migration),
    (await readPass(ledger, at.migration, at.pass)).direction,
  );
  let sent = 0;
  for (let range = 0; range < ranges; range++) {
    const place = { migration: at.migration, pass: at.pass, range };
    for await (const block of missingPages(ledger, place)) {
      await queue.send(messagesOf(at.migration, place, block, to));
      sent += block.pages.length;
    }
  }
  return sent;
}

async function afterVerify(
  { ledger, clock }: PassesOutside,
  { look, state, pass, progress }: Omit<LookedAt, "ranges">,
): Promise<Looked["next"]> {
  const { found, summary } = progress;
  await updateState(ledger, { migration: look.migration, now: clock.now() }, (before) => ({
    verified: {
      pass: look.pass,
      found,
      // A pass that only looks says nothing new about why points failed.
      repairs: pass.repair ? summary : (before.verified?.repairs ?? summary),
      at: clock.now(),
    },
  }));
  if (look.action === "cleanup") return "cleanup";
  const isSwap = look.action === "cutover" || look.action === "rollback";
  const isLastLook = state.phase === "swap";
  const enough = isSettled(found, summary) || look.pass - look.firstPass + 1 >= DEFAULTS.passesMax;
  if (isLastLook) return differencesOf(found) === 0 || enough ? "swap" : "again";
  if (pass.repair && !enough) return "again";
  if (isSwap) return "hold";
  // After the swap there is nothing to decide any more: a verification only says what it found.
  return state.direction === "reverse" ? "close" : "gate";
}

/** Nothing differs, or nothing but points that failed again when they were repaired. */
const isSettled = (found: Found, repairs: Summary): boolean =>
  differencesOf(found) === 0 || (repairs.tally.failed > 0 && repairs.tally.failed >= differencesOf(found));
