import assert from "node:assert/strict";
import { test } from "node:test";
import { runWorkflow, type WorkflowEnd } from "../../../local/workflow/interpreter.ts";
import { TransientError } from "../../../src/migration/errors.ts";

type Invoke = (name: string, event: unknown) => Promise<unknown>;

interface Case {
  readonly states: Readonly<Record<string, object>>;
  readonly startAt: string;
  readonly input?: unknown;
  readonly invoke?: Invoke;
  readonly signal?: AbortSignal;
  /** Seconds, by the name of a Wait; others last 0.01 s. */
  readonly waits?: Readonly<Record<string, number>>;
}

function run({ states, startAt, input = {}, ...rest }: Case): Promise<WorkflowEnd> {
  return runWorkflow({
    definition: { StartAt: startAt, States: states },
    input,
    invoke: rest.invoke ?? (async () => null),
    executionName: "run-1",
    signal: rest.signal ?? new AbortController().signal,
    waitSecondsMax: (state) => rest.waits?.[state] ?? 0.01,
    retrySecondsMax: 0.01,
  });
}

/** How a definition names a function. */
const token = (name: string): string => `\${${name}}`;

const task = (more: object = {}) => ({ Type: "Task", Resource: token("planner"), End: true, ...more });

test("a task calls the function that its token names, with its parameters", async () => {
  const calls: unknown[] = [];
  const ended = await run({
    startAt: "Plan",
    states: { Plan: task({ Parameters: { op: "plan", "what.$": "$.collection" } }) },
    input: { collection: "memories" },
    invoke: async (name, event) => {
      calls.push([name, event]);
      return { isDone: true };
    },
  });

  assert.deepEqual(calls, [["planner", { op: "plan", what: "memories" }]]);
  assert.deepEqual(ended, { status: "SUCCEEDED", output: { isDone: true } });
});

test("the context tells the execution, also inside a Map", async () => {
  const Parameters = {
    "id.$": "$$.Execution.Id",
    "name.$": "$$.Execution.Name",
    "at.$": "$$.Execution.StartTime",
  };
  const ended = await run({
    startAt: "Each",
    states: {
      Each: {
        Type: "Map",
        ItemsPath: "$",
        End: true,
        ItemProcessor: { StartAt: "One", States: { One: task({ Parameters }) } },
      },
    },
    input: [1],
    invoke: async (_name, event) => event,
  });

  assert.ok(ended.status === "SUCCEEDED");
  const [{ id, name, at }] = ended.output as [{ id: string; name: string; at: string }];
  assert.deepEqual([id, name], ["run-1", "run-1"]);
  assert.ok(Number.isFinite(Date.parse(at)));
});

test("Maps inside Maps call functions and keep the order of their items", async () => {
  const inner = { StartAt: "Add", States: { Add: task({ Resource: token("embedder") }) } };
  const outer = {
    StartAt: "Inner",
    States: {
      Inner: { Type: "Map", ItemsPath: "$.list", ItemProcessor: inner, ResultPath: "$.made", End: true },
    },
  };
  const ended = await run({
    startAt: "Outer",
    states: {
      Outer: { Type: "Map", ItemsPath: "$.lists", MaxConcurrency: 1, ItemProcessor: outer, End: true },
    },
    input: { lists: [{ list: [1, 2] }, { list: [3] }] },
    invoke: async (name, event) => `${name} ${event}`,
  });

  assert.deepEqual(ended, {
    status: "SUCCEEDED",
    output: [
      { list: [1, 2], made: ["embedder 1", "embedder 2"] },
      { list: [3], made: ["embedder 3"] },
    ],
  });
});

test("an error is retried by its name, with the pause cut short, until it succeeds", async () => {
  let tries = 0;
  const Retry = [{ ErrorEquals: ["TransientError"], IntervalSeconds: 60, MaxAttempts: 3, BackoffRate: 2 }];
  const ended = await run({
    startAt: "Try",
    states: { Try: task({ Retry }) },
    invoke: async () => {
      tries++;
      if (tries < 3) throw new TransientError("no answer");
      return tries;
    },
  });

  assert.deepEqual(ended, { status: "SUCCEEDED", output: 3 });
});

test("an error is caught by its name, and hands over its name and message", async () => {
  const Catch = [
    { ErrorEquals: ["RefusedError"], Next: "Wrong" },
    { ErrorEquals: ["States.ALL"], ResultPath: "$.error", Next: "Caught" },
  ];
  const ended = await run({
    startAt: "Try",
    states: { Try: task({ Catch }), Wrong: { Type: "Fail" }, Caught: { Type: "Succeed" } },
    input: { kept: true },
    invoke: async () => {
      throw new TransientError("no answer");
    },
  });

  assert.deepEqual(ended, {
    status: "SUCCEEDED",
    output: { kept: true, error: { Error: "TransientError", Cause: "no answer" } },
  });
});

test("an error that nobody catches ends the run, also from inside a Map", async () => {
  const ended = await run({
    startAt: "Each",
    states: {
      Each: {
        Type: "Map",
        ItemsPath: "$",
        End: true,
        ItemProcessor: { StartAt: "Try", States: { Try: task() } },
      },
    },
    input: [1, 2],
    invoke: async () => {
      throw new TransientError("no answer");
    },
  });

  assert.deepEqual(ended, { status: "FAILED", error: "TransientError", cause: "no answer" });
});

test("a Fail state gives the error and the cause that its paths find", async () => {
  const ended = await run({
    startAt: "Failed",
    states: { Failed: { Type: "Fail", ErrorPath: "$.error", CausePath: "$.cause" } },
    input: { error: "RefusedError", cause: "memories: refused" },
  });

  assert.deepEqual(ended, { status: "FAILED", error: "RefusedError", cause: "memories: refused" });
});

test("a path that finds nothing ends the run", async () => {
  const ended = await run({ startAt: "Plan", states: { Plan: task({ Parameters: { "x.$": "$.absent" } }) } });

  assert.equal(ended.status, "FAILED");
  assert.equal(ended.status === "FAILED" && ended.error, "States.Runtime");
});

for (const [title, wait] of [
  ["seconds of its own", { Seconds: 3600 }],
  ["seconds that the input tells", { SecondsPath: "$.seconds" }],
  ["a time that the input tells", { TimestampPath: "$.at" }],
] as const)
  test(`a Wait for ${title} lasts no longer than allowed, and gives on what it got`, async () => {
    const input = { seconds: 300, at: "2999-01-01T00:00:00Z" };
    const states = { Wait: { Type: "Wait", ...wait, Next: "Go" }, Go: { Type: "Pass", End: true } };

    const ended = await run({ startAt: "Wait", states, input });

    assert.deepEqual(ended, { status: "SUCCEEDED", output: input });
  });

test("a Wait takes fractions of a second", async () => {
  const states = { Wait: { Type: "Wait", SecondsPath: "$.seconds", End: true } };
  const started = performance.now();

  await run({ startAt: "Wait", states, input: { seconds: 0.05 }, waits: { Wait: 3600 } });

  const lasted = performance.now() - started;
  assert.ok(lasted >= 49 && lasted < 5_000, `${lasted} ms`);
});

test("what a Wait may last at most is asked for each by its name", async () => {
  const states = {
    Look: { Type: "Wait", Seconds: 3600, Next: "Drain" },
    Drain: { Type: "Wait", Seconds: 0.05, End: true },
  };
  const started = performance.now();

  await run({ startAt: "Look", states, waits: { Look: 0, Drain: Infinity } });

  const lasted = performance.now() - started;
  assert.ok(lasted >= 49 && lasted < 5_000, `${lasted} ms`);
});

test("a Choice that waits and looks again is a loop", async () => {
  const Choices = [{ Variable: "$.look.left", NumericGreaterThan: 0, Next: "Wait" }];
  let left = 3;
  const ended = await run({
    startAt: "Look",
    states: {
      Look: { Type: "Task", Resource: token("progress"), ResultPath: "$.look", Next: "Enough" },
      Enough: { Type: "Choice", Choices, Default: "Done" },
      Wait: { Type: "Wait", Seconds: 5, Next: "Look" },
      Done: { Type: "Succeed" },
    },
    invoke: async () => ({ left: left-- }),
  });

  assert.deepEqual(ended, { status: "SUCCEEDED", output: { look: { left: 0 } } });
});

test("a run that is stopped while it waits ends at once and begins nothing more", async () => {
  const stop = new AbortController();
  const called: string[] = [];
  const ended = await run({
    startAt: "First",
    states: {
      First: { Type: "Task", Resource: token("planner"), Next: "Wait" },
      Wait: { Type: "Wait", Seconds: 3600, Next: "Second" },
      Second: { Type: "Task", Resource: token("swapper"), End: true },
    },
    waits: { Wait: 3600 },
    signal: stop.signal,
    invoke: async (name) => {
      called.push(name);
      setImmediate(() => stop.abort());
    },
  });

  assert.equal(ended.status === "FAILED" && ended.error, "Aborted");
  assert.deepEqual(called, ["planner"]);
});

test("a run that is stopped ends only when its call has ended", async () => {
  const stop = new AbortController();
  let isAtWork = false;
  const ended = await run({
    startAt: "Plan",
    states: { Plan: task() },
    signal: stop.signal,
    invoke: async () => {
      isAtWork = true;
      stop.abort();
      await new Promise((resolve) => setTimeout(resolve, 20));
      isAtWork = false;
    },
  });

  assert.equal(ended.status, "FAILED");
  assert.equal(isAtWork, false);
});

test("a run that is stopped before it began calls nothing", async () => {
  const ended = await run({
    startAt: "Plan",
    states: { Plan: task() },
    signal: AbortSignal.abort(),
    invoke: async () => assert.fail("called"),
  });

  assert.equal(ended.status === "FAILED" && ended.error, "Aborted");
});

test("a definition that is not valid is refused before anything is called", async () => {
  await assert.rejects(
    run({ startAt: "Plan", states: { Plan: task({ Next: "Absent", End: false }) } }),
    /invalid/,
  );
});
