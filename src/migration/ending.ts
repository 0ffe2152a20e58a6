// What progress, verifier and swapper do at their task states: a look, the verdict, and the acts that end a run.

import { DEFAULTS } from "../defaults.ts";
import type { Assessment } from "./assess.ts";
import { deleteOld } from "./cleanup.ts";
import { holdWrites, type SwapAction, type SwapOutside, swapAliases } from "./cutover.ts";
import { dropOldVector } from "./dropOldVector.ts";
import { decideGate, type GateOutside } from "./gate.ts";
import { secondsToReady } from "./pace.ts";
import { lookAtPass, type PassesOutside } from "./passes.ts";
import type { Run } from "./run.ts";
import { migrationOf } from "./workflow.ts";

export async function look(outside: PassesOutside, run: Run): Promise<Run> {
  const { pass, action, recorded, idleRedrives, firstPass, sharing } = run;
  const at = { migration: migrationOf(run), pass, action, recorded, idleRedrives, firstPass, sharing };
  return { ...run, ...(await lookAtPass(outside, at)) };
}

/** With `"cutover": "auto"` a green gate goes on as a cut-over; otherwise a person starts it. */
export async function gate(outside: GateOutside, run: Run, assessment: Assessment): Promise<Run> {
  const { verdict } = await decideGate(outside, migrationOf(run), assessment);
  const goesOn = verdict === "green" && run.action === "migrate" && run.request.cutover === "auto";
  return goesOn
    ? { ...run, action: "cutover", next: "begin-pass", firstPass: 0, says: "" }
    : { ...run, next: "close", says: "" };
}

export async function hold(outside: SwapOutside, run: Run): Promise<Run> {
  await holdWrites(outside, migrationOf(run), run.request.maxFenceSeconds);
  return { ...run, next: "hold", waitSeconds: DEFAULTS.drainSeconds };
}

export async function swap(outside: SwapOutside, run: Run): Promise<Run> {
  const action: SwapAction = run.action === "rollback" ? "rollback" : "cutover";
  const { says } = await swapAliases(outside, migrationOf(run), { action, override: run.request.override });
  return { ...run, next: "close", says };
}

export async function cleanup(outside: SwapOutside, run: Run): Promise<Run> {
  const act = run.request.dropOldVector ? dropOldVector : deleteOld;
  const says = await act(outside, migrationOf(run), run.request);
  return says === null
    ? { ...run, next: "wait", waitSeconds: secondsToReady(run.waitSeconds) }
    : { ...run, next: "close", says };
}
