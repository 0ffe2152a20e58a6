import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runWorkflow } from "../../local/workflow/interpreter.ts";
import { TransientError } from "../../src/migration/errors.ts";
import { Actor, Schedule } from "./schedule.ts";
import { walkWorkflow } from "./states.ts";

const definition: unknown = JSON.parse(
  readFileSync(join(import.meta.dirname, "..", "..", "infra", "workflow.asl.json"), "utf8"),
);

type Event = Readonly<Record<string, unknown>>;
type Invoke = (name: string, event: unknown) => Promise<unknown>;

/** Answers that lead through load, wait, passes, gate, hold and swap; `fails` says which calls throw first. */
function scripted(calls: string[], fails: Readonly<Record<string, Error>>): Invoke {
  const next: Record<string, string[]> = {
    open: ["sample"],
    plan: ["prepare"],
    look: ["wait", "restore", "again", "gate", "hold", "swap"],
    ready: ["wait", "begin-pass"],
  };
  const failed = new Set<string>();
  const sealed = [false, true, true, true, true, true, true, true, true];
  return async (name, event) => {
    const { op, run } = event as Event & { op: string; run: Event };
    calls.push(`${name} ${JSON.stringify(event)}`);
    const error = fails[op];
    if (error !== undefined && !failed.has(op)) {
      failed.add(op);
      throw error;
    }
    if (op === "validate")
      return { isAnswered: false, leftAlone: [], request: {}, sharing: 1, collections: ["a"] };
    if (op === "pages" || op === "compare") return sealed.shift() ?? true;
    if (op === "close") return { collection: "a" };
    if (op === "summarize") return { isGood: fails.gate === undefined, error: "E", cause: "C" };
    const turn = op === "gate" ? "begin-pass" : (next[op]?.shift() ?? "close");
    return {
      ...run,
      migration: "m",
      pass: 1,
      next: turn,
      waitSeconds: 0,
      ranges: [{ range: 0 }, { range: 1 }],
    };
  };
}

const SCRIPTS: Readonly<Record<string, Readonly<Record<string, Error>>>> = {
  "to its end": {},
  "with a call that is retried": { look: new TransientError("later") },
  "into its clean-up": { gate: new RangeError("broken") },
};

for (const [name, fails] of Object.entries(SCRIPTS))
  test(`the simulation's walk goes ${name} by the same calls as the interpreter`, async () => {
    const [expected, actual]: [string[], string[]] = [[], []];
    const input = { action: "migrate" };
    const interpreted = await runWorkflow({
      definition,
      input,
      invoke: scripted(expected, fails),
      executionName: "e",
      signal: new AbortController().signal,
      waitSecondsMax: () => 0.001,
      retrySecondsMax: 0.001,
    });
    const schedule = new Schedule(1);
    let walked: unknown = null;
    const actor = new Actor("e", "execution");
    const invoke = scripted(actual, fails);
    walkWorkflow({ definition, input, execution: "e", actor, schedule, invoke }).then((end) => {
      walked = end;
    });
    schedule.after(600_000, () => {});
    await schedule.run(() => walked !== null, 10_000);

    assert.deepEqual(walked, interpreted);
    assert.deepEqual(actual.map(withoutCause), expected.map(withoutCause));
  });

/** Lambda's cause is JSON, the interpreter's a sentence. */
const withoutCause = (call: string): string => call.replace(/"Cause":"(?:[^"\\]|\\.)*"/, '"Cause":""');
