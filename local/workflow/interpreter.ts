// Runs the deployed workflow on one machine.
import { setTimeout as pause } from "node:timers/promises";
import {
  ExecutionAbortedError,
  ExecutionError,
  type RunOptions,
  StateMachine,
  type StateMachineDefinition,
} from "aws-local-stepfunctions";
import { type Adapted, adaptDefinition, objectOf } from "./adapt.ts";

export interface WorkflowRun {
  /** Amazon States Language, JSONPath; a Task's Resource is `${name}` of a function. */
  readonly definition: unknown;
  readonly input: unknown;
  readonly invoke: (name: string, event: unknown) => Promise<unknown>;
  /** `$$.Execution.Id` and `$$.Execution.Name`. */
  readonly executionName: string;
  /** Aborted: no further state begins. */
  readonly signal: AbortSignal;
  /** No Wait of this name lasts longer; fractions count. */
  readonly waitSecondsMax: (state: string) => number;
  /** No pause before a retry lasts longer. */
  readonly retrySecondsMax: number;
}

export type WorkflowEnd =
  | { readonly status: "SUCCEEDED"; readonly output: unknown }
  | { readonly status: "FAILED"; readonly error: string; readonly cause: string };

/**
 * Settles when the run has ended and no call is under way. An error of a function is matched by its `name`;
 * a run that was aborted has FAILED with the error `Aborted`.
 * @throws Error for a definition that is not valid ASL.
 */
export async function runWorkflow(run: WorkflowRun): Promise<WorkflowEnd> {
  const { executionName, input, signal } = run;
  const adapted = adaptDefinition(objectOf(run.definition), run.retrySecondsMax);
  const calls = new Set<Promise<unknown>>();
  const execution = machineOf(run.definition, adapted).run(jsonOf(input), {
    // The interpreter's context has the time of its start, and the input, already.
    context: { Execution: { Id: executionName, Name: executionName, StartTime: new Date().toISOString() } },
    overrides: { taskResourceLocalHandlers: handlersOf(run, adapted, calls) },
  });
  drain(execution.eventLogs);
  const onAbort = () => execution.abort();
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return { status: "SUCCEEDED", output: await execution.result };
  } catch (error) {
    return { status: "FAILED", ...reasonOf(error) };
  } finally {
    signal.removeEventListener("abort", onAbort);
    await Promise.allSettled(calls);
  }
}

/** Checks the definition as it is deployed, then runs the adapted one. */
function machineOf(definition: unknown, adapted: Adapted): StateMachine {
  new StateMachine(checked(withArns(definition)));
  return new StateMachine(checked(adapted.definition), { validationOptions: { noValidate: true } });
}

/** What the stack does to the tokens, with an account that nobody has. */
function withArns(definition: unknown): unknown {
  const arn = "arn:aws:lambda:us-east-1:000000000000:function:$1";
  return JSON.parse(JSON.stringify(definition).replaceAll(/\$\{(\w+)\}/g, arn));
}

function checked(definition: unknown): StateMachineDefinition {
  if (isDefinition(definition)) return definition;
  throw new TypeError("The workflow's definition lacks StartAt or States.");
}

/** The rest is the interpreter's own check. */
const isDefinition = (value: unknown): value is StateMachineDefinition =>
  typeof value === "object" && value !== null && "StartAt" in value && "States" in value;

type Handlers = NonNullable<NonNullable<RunOptions["overrides"]>["taskResourceLocalHandlers"]>;
type JsonValue = Parameters<Handlers[string]>[0];

/** What every Task and Wait does, by the name of its state. */
function handlersOf(run: WorkflowRun, adapted: Adapted, calls: Set<Promise<unknown>>): Handlers {
  const handlers: Handlers = {};
  for (const [state, name] of adapted.functions)
    handlers[state] = async (event) => {
      run.signal.throwIfAborted();
      const call = run.invoke(name, event);
      calls.add(call);
      try {
        return jsonOf(await call);
      } finally {
        calls.delete(call);
      }
    };
  for (const state of adapted.waits)
    handlers[state] = async (event) => {
      const seconds = Math.min(secondsOf(objectOf(event)), run.waitSecondsMax(state));
      await pause(Math.max(0, seconds) * 1000, null, { signal: run.signal });
      return null;
    };
  return handlers;
}

function secondsOf({ seconds, timestamp }: Readonly<Record<string, unknown>>): number {
  const given = seconds === undefined ? (Date.parse(String(timestamp)) - Date.now()) / 1000 : seconds;
  if (typeof given === "number" && Number.isFinite(given)) return given;
  throw new TypeError(
    `A Wait state needs a number of seconds or a time, not ${JSON.stringify({ seconds, timestamp })}.`,
  );
}

/** What a state gets has been through JSON, as in AWS: nothing is shared, and `undefined` is gone. */
const jsonOf = (value: unknown): JsonValue => JSON.parse(JSON.stringify(value ?? null));

function reasonOf(error: unknown): { error: string; cause: string } {
  if (!(error instanceof Error)) return { error: "States.Runtime", cause: String(error) };
  if (error instanceof ExecutionAbortedError) return { error: "Aborted", cause: "The run was stopped." };
  // An ExecutionError holds what failed as its cause.
  const failed = error instanceof ExecutionError && error.cause instanceof Error ? error.cause : error;
  return { error: failed.name, cause: failed.message };
}

/** The interpreter keeps its events until somebody has read them. */
async function drain(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _event of events);
}
