// Walks the deployed workflow on the seeded scheduler: the states and the JSONPath subset that
// infra/workflow.asl.json uses. A test holds it to the interpreter that runs it on one machine.
import type { Actor, Schedule } from "./schedule.ts";

type Json = Readonly<Record<string, unknown>>;

export interface Walk {
  readonly definition: unknown;
  readonly input: unknown;
  readonly execution: string;
  readonly actor: Actor;
  readonly schedule: Schedule;
  /** Rejects with an error whose `name` Retry and Catch are matched against. */
  readonly invoke: (name: string, event: unknown) => Promise<unknown>;
}

export type WalkEnd =
  | { readonly status: "SUCCEEDED"; readonly output: unknown }
  | { readonly status: "FAILED"; readonly error: string; readonly cause: string };

/** Settles when the execution has ended; never when its actor was killed. */
export async function walkWorkflow(walk: Walk): Promise<WalkEnd> {
  try {
    const context = { Execution: { Id: walk.execution } };
    return {
      status: "SUCCEEDED",
      output: await walkStates(walk, objectOf(walk.definition), walk.input, context),
    };
  } catch (error) {
    if (error instanceof StateFailed) return { status: "FAILED", error: error.name, cause: error.message };
    throw error;
  }
}

/** What a state failed with; `cause` is the function's own JSON, as from Lambda. */
class StateFailed extends Error {
  override readonly cause: string;

  constructor(name: string, message: string) {
    super(message);
    this.name = name;
    this.cause = JSON.stringify({ errorType: name, errorMessage: message });
  }
}

async function walkStates(walk: Walk, machine: Json, input: unknown, context: Json): Promise<unknown> {
  const states = objectOf(machine.States);
  let name = textOf(machine.StartAt);
  let data = input;
  for (;;) {
    const state = objectOf(states[name]);
    let next: unknown = state.Next;
    if (state.Type === "Fail")
      throw new StateFailed(
        String(valueAt(textOf(state.ErrorPath), data, context)),
        String(valueAt(textOf(state.CausePath), data, context)),
      );
    if (state.Type === "Succeed") return data;
    if (state.Type === "Choice") next = choose(state, data);
    else
      try {
        const result = await resultOf(walk, { name, state, data, context });
        data = state.Type === "Wait" ? data : place(data, state.ResultPath, result);
      } catch (error) {
        const caught = error instanceof StateFailed ? handlerOf(state.Catch, error) : null;
        if (caught === null || !(error instanceof StateFailed)) throw error;
        data = place(data, caught.ResultPath, { Error: error.name, Cause: error.cause });
        next = caught.Next;
      }
    if (state.End === true) return data;
    name = textOf(next);
  }
}

interface Visit {
  readonly name: string;
  readonly state: Json;
  readonly data: unknown;
  readonly context: Json;
}

async function resultOf(walk: Walk, visit: Visit): Promise<unknown> {
  const { name, state, data, context } = visit;
  switch (state.Type) {
    case "Pass":
      return state.Result ?? data;
    case "Wait": {
      const asked = Number(valueAt(textOf(state.SecondsPath), data, context));
      return walk.schedule.sleep(walk.actor, asked * 1000);
    }
    case "Task":
      return tryTask(walk, visit);
    case "Map":
      return mapItems(walk, visit);
    default:
      throw new Error(`State ${name} is a ${String(state.Type)}, which this walker does not know.`);
  }
}

async function tryTask(walk: Walk, { state, data, context }: Visit): Promise<unknown> {
  const event = fill(objectOf(state.Parameters), data, context);
  const name = /^\$\{(\w+)\}$/.exec(textOf(state.Resource))?.[1] ?? textOf(state.Resource);
  const retries = listOf(state.Retry);
  const tries = new Map<Json, number>();
  for (;;) {
    try {
      // Through JSON, as in AWS: nothing is shared, and `undefined` is gone.
      return JSON.parse(JSON.stringify((await walk.invoke(name, JSON.parse(JSON.stringify(event)))) ?? null));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const retry = retries.find((one) => isFor(one, error)) ?? null;
      const made = retry === null ? 0 : (tries.get(retry) ?? 0);
      if (retry === null || made >= Number(retry.MaxAttempts))
        throw new StateFailed(error.name, error.message);
      tries.set(retry, made + 1);
      const seconds = Number(retry.IntervalSeconds) * Number(retry.BackoffRate) ** made;
      await walk.schedule.sleep(walk.actor, Math.min(seconds, Number(retry.MaxDelaySeconds)) * 1000);
    }
  }
}

async function mapItems(walk: Walk, { state, data, context }: Visit): Promise<unknown> {
  const items = valueAt(textOf(state.ItemsPath), data, context);
  if (!Array.isArray(items)) throw new Error("A Map state needs a list.");
  const one = (item: unknown): Promise<unknown> => {
    const inside = { ...context, Map: { Item: { Value: item } } };
    const input = fill(objectOf(state.ItemSelector), data, inside);
    return walkStates(walk, objectOf(state.ItemProcessor), input, inside);
  };
  if (state.MaxConcurrency !== 1) return Promise.all(items.map(one));
  const results: unknown[] = [];
  for (const item of items) results.push(await one(item));
  return results;
}

function choose(state: Json, data: unknown): unknown {
  for (const choice of listOf(state.Choices)) {
    const value = valueAt(textOf(choice.Variable), data, {});
    if ("StringEquals" in choice ? value === choice.StringEquals : value === choice.BooleanEquals)
      return choice.Next;
  }
  return state.Default;
}

const isFor = ({ ErrorEquals }: Json, error: Error): boolean =>
  Array.isArray(ErrorEquals) && ErrorEquals.some((name) => name === "States.ALL" || name === error.name);

const handlerOf = (handlers: unknown, error: Error): Json | null =>
  listOf(handlers).find((one) => isFor(one, error)) ?? null;

function fill(template: Json, data: unknown, context: Json): Json {
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) => {
      if (key.endsWith(".$")) return [key.slice(0, -2), valueAt(textOf(value), data, context)];
      return [
        key,
        typeof value === "object" && value !== null ? fill(objectOf(value), data, context) : value,
      ];
    }),
  );
}

function valueAt(path: string, data: unknown, context: Json): unknown {
  const isContext = path.startsWith("$$");
  const parts = path
    .slice(isContext ? 2 : 1)
    .split(".")
    .filter((part) => part !== "");
  return parts.reduce<unknown>((value, part) => objectOf(value)[part], isContext ? context : data);
}

function place(data: unknown, path: unknown, result: unknown): unknown {
  if (path === null) return data;
  if (path === undefined || path === "$") return result;
  return { ...objectOf(data), [textOf(path).slice(2)]: result };
}

function objectOf(value: unknown): Json {
  if (!isObject(value)) throw new Error(`Not an object: ${JSON.stringify(value)}`);
  return value;
}

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null;

const listOf = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.map(objectOf) : []);

function textOf(value: unknown): string {
  if (typeof value !== "string") throw new Error(`Not a text: ${JSON.stringify(value)}`);
  return value;
}
