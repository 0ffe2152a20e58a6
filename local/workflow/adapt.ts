// The deployed definition as the interpreter of one machine needs it. What a state does is not touched; only
// how long it may take and how long it pauses.

type State = { readonly [key: string]: unknown };

export interface Adapted {
  readonly definition: State;
  /** Tasks by the name of their state: `${planner}` → `planner`. */
  readonly functions: ReadonlyMap<string, string>;
  /** Names of Wait states. They have become tasks that get `{ seconds }` or `{ timestamp }`. */
  readonly waits: ReadonlySet<string>;
}

// The interpreter counts 60 s where the definition says nothing, and counts while a call waits for a free process.
// The function host keeps the functions' time itself; this is as long as a timer can be (24 days).
const TIMEOUT_SECONDS = 2_000_000;

/** States of every level, also inside Maps, have names of their own: ASL demands it. */
export function adaptDefinition(definition: State, retrySecondsMax: number): Adapted {
  const functions = new Map<string, string>();
  const waits = new Set<string>();

  const adaptMachine = (machine: State): State => ({
    ...machine,
    States: Object.fromEntries(
      Object.entries(objectOf(machine.States)).map(([name, state]) => [
        name,
        adaptState(name, objectOf(state)),
      ]),
    ),
  });
  const adaptState = (name: string, state: State): State => {
    const retried = "Retry" in state ? { ...state, Retry: capRetries(state.Retry, retrySecondsMax) } : state;
    switch (state.Type) {
      case "Task":
        functions.set(name, functionOf(state.Resource));
        return withoutIdentityPath({ ...retried, TimeoutSeconds: TIMEOUT_SECONDS });
      case "Wait":
        waits.add(name);
        return waitTask(state);
      case "Map":
        return "Iterator" in state
          ? { ...retried, Iterator: adaptMachine(objectOf(state.Iterator)) }
          : { ...retried, ItemProcessor: adaptMachine(objectOf(state.ItemProcessor)) };
      case "Parallel":
        return {
          ...retried,
          Branches: listOf(state.Branches).map((branch) => adaptMachine(objectOf(branch))),
        };
      default:
        return retried;
    }
  };
  return { definition: adaptMachine(definition), functions, waits };
}

/** `${name}` is replaced by an ARN when the stack is made; here it is the name. */
function functionOf(resource: unknown): string {
  const name = /^\$\{(\w+)\}$/.exec(String(resource))?.[1];
  if (name === undefined)
    throw new TypeError(`A Task's Resource must be like \${planner}, not ${String(resource)}.`);
  return name;
}

/** The interpreter itself takes whole seconds only, and has no upper bound. */
function waitTask({ Seconds, SecondsPath, Timestamp, TimestampPath, ...rest }: State): State {
  const given = {
    seconds: Seconds,
    "seconds.$": SecondsPath,
    timestamp: Timestamp,
    "timestamp.$": TimestampPath,
  };
  return {
    ...rest,
    Type: "Task",
    Resource: "wait",
    TimeoutSeconds: TIMEOUT_SECONDS,
    Parameters: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    // What a Wait gets is what it gives.
    ResultPath: null,
  };
}

/** `ResultPath: "$"` is what ASL does without one; the interpreter would make a member named `$`. */
function withoutIdentityPath(state: State): State {
  if (state.ResultPath !== "$") return state;
  const { ResultPath, ...rest } = state;
  return rest;
}

const capRetries = (retries: unknown, secondsMax: number): readonly State[] =>
  listOf(retries).map((retry) => capRetry(objectOf(retry), secondsMax));

function capRetry(retry: State, secondsMax: number): State {
  const { IntervalSeconds = 1, MaxDelaySeconds = secondsMax } = retry;
  return {
    ...retry,
    IntervalSeconds: Math.min(Number(IntervalSeconds), secondsMax),
    MaxDelaySeconds: Math.min(Number(MaxDelaySeconds), secondsMax),
  };
}

export function objectOf(value: unknown): State {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new TypeError(`The workflow's definition has ${typeof value} where an object belongs.`);
  return Object.fromEntries(Object.entries(value));
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new TypeError(`The workflow's definition has ${typeof value} where a list belongs.`);
}
