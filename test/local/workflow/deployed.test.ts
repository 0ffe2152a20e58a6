// The deployed definition, interpreted with functions that only answer what moves it on.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runWorkflow } from "../../../local/workflow/interpreter.ts";
import { PermanentError, TransientError } from "../../../src/migration/errors.ts";

const path = join(import.meta.dirname, "../../../infra/workflow.asl.json");
const definition: unknown = JSON.parse(readFileSync(path, "utf8"));

interface Event {
  readonly op: string;
  readonly run?: { readonly collection: string };
  readonly range?: number;
  readonly error?: { readonly Error: string; readonly Cause: string };
  readonly outcomes?: readonly { readonly status: string }[];
}

type Answers = Readonly<Record<string, (event: Event) => unknown>>;

const runOf = (collection: string, next: string) => ({
  collection,
  next,
  waitSeconds: 0,
  migration: `m-${collection}`,
  pass: 1,
  ranges: [{ range: 0 }, { range: 1 }],
});

/** Answers of a migration up to READY; each test changes some. */
function answers(collections: readonly string[], changed: Answers = {}): Answers {
  let looks = 0;
  const moved = (next: string) => (event: Event) => runOf(event.run?.collection ?? "", next);
  return {
    validate: () => ({
      isAnswered: false,
      leftAlone: [],
      request: {},
      sharing: collections.length,
      collections,
    }),
    open: moved("sample"),
    sample: () => ({ texts: 3 }),
    plan: moved("prepare"),
    prepare: moved("backfill"),
    pages: () => true,
    // Every pass needs one more look.
    look: (event) => moved(++looks % 2 === 1 ? "wait" : "go on")(event),
    restore: moved("ready"),
    ready: moved("begin-pass"),
    "begin-pass": moved("compare"),
    compare: () => true,
    assess: () => ({ cosine: 1 }),
    gate: moved("close"),
    close: ({ run, error }) => ({
      collection: run?.collection,
      status: error === undefined ? "READY" : "FAILED",
      error: error ?? null,
    }),
    summarize: ({ outcomes = [] }) => ({
      isGood: outcomes.every(({ status }) => status === "READY"),
      error: "Failed",
      cause: "see outcomes",
      outcomes,
    }),
    ...changed,
  };
}

async function runDeployed(given: Answers) {
  const calls: string[] = [];
  const ended = await runWorkflow({
    definition,
    input: { action: "migrate" },
    executionName: "run-1",
    signal: new AbortController().signal,
    waitSecondsMax: () => 0.001,
    retrySecondsMax: 0.001,
    async invoke(name, received) {
      const event = received as Event;
      calls.push(`${name} ${event.op}`);
      const answer = given[event.op];
      assert.ok(answer !== undefined, `no answer for ${event.op}`);
      return answer(event);
    },
  });
  return { calls, ended };
}

test("a migration goes from its input to READY, a call at a time", async () => {
  const { calls, ended } = await runDeployed(answers(["elena"]));

  assert.equal(ended.status, "SUCCEEDED");
  assert.deepEqual(
    calls.filter((call, index) => call !== calls[index - 1]),
    [
      "planner validate",
      "planner open",
      "embedder sample",
      "planner plan",
      "planner prepare",
      "coordinator pages",
      "progress look",
      "planner restore",
      "planner ready",
      "planner begin-pass",
      "verifier compare",
      "progress look",
      "embedder assess",
      "verifier gate",
      "planner close",
      "planner summarize",
    ],
  );
});

test("a collection that fails is closed with its error, and the next one is migrated", async () => {
  const fail = ({ run }: Event) => {
    if (run?.collection === "bad") throw new PermanentError("bad: its text is nowhere");
    return { texts: 3 };
  };
  const { ended } = await runDeployed(answers(["bad", "good"], { sample: fail }));

  assert.equal(ended.status, "FAILED");
  const { calls } = await runDeployed(answers(["bad", "good"], { sample: fail }));
  assert.equal(calls.filter((call) => call === "planner close").length, 2);
});

test("the error of a range reaches the close of its collection", async () => {
  const closed: unknown[] = [];
  const given = answers(["elena"]);
  await runDeployed({
    ...given,
    pages: () => {
      throw new PermanentError("range is torn");
    },
    close: (event) => {
      closed.push(event.error);
      return given.close?.(event);
    },
  });

  assert.deepEqual(closed, [{ Error: "PermanentError", Cause: "range is torn" }]);
});

test("what passes is tried again, what does not is not", async () => {
  let tries = 0;
  const flaky = () => {
    if (++tries < 4) throw new TransientError("no answer");
    return { texts: 3 };
  };
  const { ended } = await runDeployed(answers(["elena"], { sample: flaky }));

  assert.equal(ended.status, "SUCCEEDED");
  assert.equal(tries, 4);
});
