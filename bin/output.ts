// What a verb prints when it is through.
import type { MachineRun } from "../local/machine.ts";
import type { Inspection } from "../src/migration/inspect.ts";
import { ownName, type Plan } from "../src/migration/plan.ts";
import type { Outcome } from "../src/migration/run.ts";
import { spaceText } from "../src/migration/serverSpace.ts";
import type { Status } from "../src/migration/status.ts";
import type { Tally } from "../src/migration/tally.ts";
import { durationOf, lineOf } from "./progress.ts";

type Lines = readonly string[];

export function printRun(out: NodeJS.WritableStream, verb: string, runs: readonly MachineRun[]): void {
  for (const run of runs) for (const line of linesOf(verb, run)) out.write(`${line}\n`);
}

function linesOf(verb: string, run: MachineRun): Lines {
  const { validated, outcomes, summary } = run;
  if (run.isStopped) return ["Stopped. The same command goes on where it was; nothing is lost."];
  return [
    ...(validated?.inspections ?? []).flatMap(inspectionLines),
    ...(validated?.statuses ?? []).flatMap(statusLines),
    ...(validated?.leftAlone ?? []).map(({ collection, why }) => `${collection}: left alone, ${why}.`),
    ...outcomes.flatMap(outcomeLines),
    ...(outcomes.length > 1 && summary !== null ? [`In sum: ${tallyText(summary.tally)}`] : []),
    ...(run.error !== null && outcomes.length === 0 ? [`${verb} failed. ${run.error.message}`] : []),
  ];
}

const tallyText = ({ total, migrated, unchanged, skipped, failed }: Tally): string =>
  `total ${total}, migrated ${migrated}, unchanged ${unchanged}, skipped ${skipped}, failed ${failed}`;

function outcomeLines(outcome: Outcome): Lines {
  const { collection, status, says, tally, plan, nextAction } = outcome;
  return [
    `${collection}: ${status}${says === "" ? "" : `. ${says}`}`,
    ...(plan === null ? [] : planLines(plan)),
    ...(tally === null ? [] : [`  ${tallyText(tally)}`]),
    ...(nextAction === null
      ? []
      : [
          `  Next: remaster ${nextAction.action} --collection ${nextAction.collection}${plan === null ? "" : ", with the same flags"}`,
          `  On AWS: ${JSON.stringify(nextAction)}`,
        ]),
  ];
}

function planLines(plan: Plan): Lines {
  const { source, target, forecast } = plan;
  const { seconds, dollars } = forecast;
  return [
    `  ${ownName(plan)} (${source.dimensions}-D) → ${target.collection} (${target.dimensions}-D, ${target.contract.id}), vector ${JSON.stringify(source.vectorName)}${plan.layout === "bridge" ? ` beside the new ${JSON.stringify(target.vectorName)}` : ""}, text from ${plan.textKey.join(", ")}`,
    `  ${forecast.points} points, about ${forecast.texts} with text, ${forecast.tokens} tokens, ${forecast.pages} pages`,
    `  Time here: ${durationOf(seconds.low)} to ${durationOf(seconds.high)}. ${forecast.says}`,
    `  On AWS ${dollarRange(dollars)} by list prices${costText(forecast)}`,
    ...spaceLines(forecast),
    `  Readers' names: ${namesText(plan)}`,
    `  Old model: ${plan.sourceProof.says}`,
    ...plan.warnings.map((warning) => `  Note: ${warning}`),
    ...plan.cannotCarry.map((what) => `  Not carried over: ${what}`),
    ...(plan.guarantees ?? []).map(({ writer, guarantee }) => `  Writers, ${WRITERS[writer]}: ${guarantee}`),
  ];
}

const WRITERS = {
  put: "put and delete events",
  touch: "direct writes with a touch",
  unannounced: "direct writes nobody is told of",
} as const;

function spaceLines({ space }: Plan["forecast"]): Lines {
  if (space === undefined) return [];
  const parts = space.parts.map(
    ({ name, mib, isInMemory }) =>
      `${name} ${mib < 10 ? mib.toFixed(1) : Math.round(mib)}${isInMemory ? "" : " (disk)"}`,
  );
  return [`  ${spaceText(space)}; in MiB before reserves: ${parts.join(", ")}.`];
}

/** Parts of a cent and more, where there are several. */
function costText({ costs = [] }: Plan["forecast"]): string {
  const told = costs.filter(({ high }) => high >= 0.01);
  return told.length < 2 ? "." : `: ${told.map((cost) => `${cost.name} ${dollarRange(cost)}`).join("; ")}.`;
}

/** Less than a cent is said to be that. */
function dollarRange({ low, high }: { readonly low: number; readonly high: number }): string {
  if (high < 0.01) return "< $0.01";
  const [least, most] = [low.toFixed(2), high.toFixed(2)];
  return least === most ? `$${most}` : `$${least} to $${most}`;
}

function namesText({ aliases, newAlias, takeOver }: Plan): string {
  const names = newAlias === null ? aliases : [`${newAlias} (made by the swap)`];
  return [...names, ...(takeOver == null ? [] : [`${takeOver.name} (taken over by the swap)`])].join(", ");
}

function inspectionLines(found: Inspection): Lines {
  const vectors = found.vectors.map(
    ({ name, dimensions, distance }) =>
      `${name === "" ? "unnamed" : JSON.stringify(name)} ${dimensions}-D ${distance}`,
  );
  const keys = found.keys.map(({ key, share }) => `${key} ${Math.round(share * 100)} %`);
  return [
    `${found.collection}: ${found.points} points, vectors: ${[...vectors, ...found.sparseVectors.map((name) => `${JSON.stringify(name)} sparse`)].join(", ") || "none"}`,
    `  Names readers use: ${found.aliases.join(", ") || "its own"}. Model: ${found.model ?? "nobody wrote it down"}.`,
    `  Text in ${found.withText} of ${found.pointsLookedAt} points looked at. Payload keys: ${keys.join(", ") || "none"}.`,
    `  Migration: ${found.migration ?? "none"}.`,
    ...found.notes.map((note) => `  Note: ${note}`),
  ];
}

function statusLines(status: Status): Lines {
  if (status.migration === null) return [`${status.collection}: no migration.`];
  const failures = Object.entries(status.failuresByReason).map(([reason, count]) => `${count} ${reason}`);
  return [
    lineOf(status),
    `  ${tallyText(status.tally)}`,
    `  Phase ${status.phase}, target ${status.target}, gate ${status.gate ?? "not decided"}${status.owner === null ? "" : `, at work: ${status.owner}`}`,
    `  So far $${status.dollars.toFixed(2)} of embedding by AWS's list prices (nothing on your own machine)`,
    ...(status.slowedBy === null ? [] : [`  Slowed: ${status.slowedBy}`]),
    ...(failures.length === 0 ? [] : [`  Failures: ${failures.join(", ")}`]),
    ...(status.error === null ? [] : [`  Last error: ${status.error}`]),
    ...(status.next === null ? [] : [`  Next: ${status.next.command} (${status.next.what})`]),
  ];
}
