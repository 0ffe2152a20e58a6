// Conventions of the definition, whatever its states are: two interpreters and a validator have to agree on it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import aslValidator from "asl-validator";
import { functionsInvokedBy, WORKFLOW_FILE } from "../../infra/workflow.ts";
import { ERROR_NAMES, FUNCTIONS } from "../../src/contract.ts";
import { propertiesOf, synthesize } from "./synthesized.ts";

interface State {
  readonly Type: string;
  readonly Comment?: string;
  readonly Resource?: string;
  readonly TimeoutSeconds?: number;
  readonly Retry?: readonly { readonly ErrorEquals: readonly string[]; readonly MaxAttempts?: number }[];
  readonly Catch?: readonly { readonly ErrorEquals: readonly string[]; readonly Next: string }[];
  readonly ItemProcessor?: Machine & { readonly ProcessorConfig?: { readonly Mode?: string } };
  readonly Branches?: readonly Machine[];
  readonly [key: string]: unknown;
}

interface Machine {
  readonly Comment?: string;
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
  readonly [key: string]: unknown;
}

const text = readFileSync(WORKFLOW_FILE, "utf8");
const machine: Machine = JSON.parse(text);

function statesOf({ States }: Machine): [string, State][] {
  return Object.entries(States).flatMap(([name, state]): [string, State][] => [
    [name, state],
    ...(state.ItemProcessor === undefined ? [] : statesOf(state.ItemProcessor)),
    ...(state.Branches ?? []).flatMap(statesOf),
  ]);
}

const states = statesOf(machine);
const tasks = states.filter(([, { Type }]) => Type === "Task");

// A transient error of ours, or Lambda itself failing before or beside our code: nothing that would fail again.
const TRANSIENT: readonly string[] = [
  ERROR_NAMES.transient,
  "Lambda.ServiceException",
  "Lambda.AWSLambdaException",
  "Lambda.SdkClientException",
  "Lambda.ClientExecutionTimeoutException",
  "Lambda.TooManyRequestsException",
  "Lambda.Unknown",
  "Sandbox.Timedout",
  // A process that was killed; one that cannot live dies again, and the attempts are few.
  "Runtime.ExitError",
  "States.Timeout",
];

test("the definition is valid Amazon States Language", () => {
  const withArns = text.replaceAll(
    /\$\{(\w+)\}/g,
    (_, name) => `arn:aws:lambda:us-east-1:111122223333:function:${name}`,
  );

  const { isValid, errorsText } = aslValidator(JSON.parse(withArns));

  assert.ok(isValid, errorsText("\n"));
});

test("every task invokes a function of the contract by its placeholder", () => {
  assert.ok(tasks.length > 0);
  for (const [name, { Resource }] of tasks) assert.match(Resource ?? "", /^\$\{\w+\}$/, name);
  for (const name of functionsInvokedBy(text)) assert.ok(Object.hasOwn(FUNCTIONS, name), name);
});

test("every task waits at least as long as its function may run, and not for ever", () => {
  const timeouts: ReadonlyMap<string, number> = new Map(
    Object.entries(FUNCTIONS).map(([name, { timeoutSeconds }]) => [name, timeoutSeconds]),
  );
  for (const [name, { Resource, TimeoutSeconds }] of tasks) {
    const needed = timeouts.get(functionsInvokedBy(Resource ?? "")[0] ?? "") ?? Number.POSITIVE_INFINITY;
    assert.ok(
      TimeoutSeconds !== undefined && TimeoutSeconds >= needed,
      `${name}: ${TimeoutSeconds} < ${needed}`,
    );
  }
});

test("every state and the machine itself say in a comment what they are for", () => {
  assert.ok((machine.Comment ?? "").length > 0);
  for (const [name, { Comment }] of states) assert.ok((Comment ?? "").length > 0, name);
});

test("only errors that pass are tried again, and not for ever", () => {
  for (const [name, { Retry = [] }] of states)
    for (const { ErrorEquals, MaxAttempts = 3 } of Retry) {
      for (const error of ErrorEquals) assert.ok(TRANSIENT.includes(error), `${name} tries ${error} again`);
      assert.ok(MaxAttempts <= 20, `${name} tries ${MaxAttempts} times`);
    }
});

test("the definition keeps to what every interpreter understands", () => {
  const allowed = ["Task", "Choice", "Wait", "Map", "Pass", "Succeed", "Fail"];
  for (const [name, state] of states) {
    assert.ok(allowed.includes(state.Type), `${name} is a ${state.Type}`);
    for (const key of ["QueryLanguage", "Assign", "Arguments", "Output", "ItemReader", "ItemBatcher"])
      assert.equal(key in state, false, `${name} uses ${key}`);
    if (state.Type === "Map")
      assert.notEqual(state.ItemProcessor?.ProcessorConfig?.Mode, "DISTRIBUTED", name);
  }
});

test("state names are unique, and every state can be reached", () => {
  const names = states.map(([name]) => name);
  const mentioned = new Set(
    [...text.matchAll(/"(?:Next|Default|StartAt)"\s*:\s*"([^"]+)"/g)].map((match) => match[1]),
  );

  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(
    names.filter((name) => !mentioned.has(name)),
    [],
  );
});

test("the deployed definition is the file, with an ARN for each placeholder", () => {
  const { template } = synthesize();

  const [properties] = propertiesOf(template, "AWS::StepFunctions::StateMachine").values();

  assert.deepEqual(JSON.parse(properties?.DefinitionString), { ...machine, TimeoutSeconds: 14 * 24 * 3600 });
  assert.deepEqual(Object.keys(properties?.DefinitionSubstitutions).sort(), functionsInvokedBy(text));
});
