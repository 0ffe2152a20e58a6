// The whole story in one process: the deployed workflow, the functions' own dispatch, and an outside in memory.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runWorkflow } from "../../local/workflow/interpreter.ts";
import type * as Events from "../../src/migration/events.ts";
import * as functions from "../../src/migration/functions.ts";
import type { ModelContract } from "../../src/migration/model.ts";
import type { Executions, Queue } from "../../src/migration/ports.ts";
import type { Outcome } from "../../src/migration/run.ts";
import type { RunSummary } from "../../src/migration/summary.ts";
import { elementsAt, membersAt } from "../../src/qdrant/slices.ts";
import { parseId } from "../../src/qdrant/wire.ts";
import { fakeContract, fakeModels } from "./embedder.ts";
import { FakeLedger } from "./ledger.ts";
import { FakeQdrant } from "./qdrant.ts";

const definition: unknown = JSON.parse(
  readFileSync(join(import.meta.dirname, "..", "..", "infra", "workflow.asl.json"), "utf8"),
);

export const OLD = fakeContract("old", 4);
export const NEW = fakeContract("new", 8);

export interface StoryEnd {
  readonly status: "SUCCEEDED" | "FAILED";
  readonly error: string;
  readonly cause: string;
  readonly outcomes: readonly Outcome[];
  readonly output: unknown;
}

export class StoryMachine {
  readonly qdrant = new FakeQdrant();
  readonly ledger = new FakeLedger();
  readonly messages: string[] = [];
  readonly dead: string[] = [];
  readonly log: string[] = [];
  models = fakeModels([NEW, OLD]);
  now = Date.UTC(2026, 10, 25);
  openExecutions = new Set<string>();
  /** Called before each call of a function; throwing there is a function that failed. */
  beforeCall: (name: string, event: unknown) => Promise<void> | void = () => {};
  /** Called before each page; throwing there is an embedder that was killed. */
  beforePage: () => void = () => {};
  #runs = 0;

  readonly queue: Queue = {
    send: async (messages) => void this.messages.push(...messages),
    depth: async () => ({ waiting: this.messages.length, inFlight: 0, dead: this.dead.length }),
  };
  readonly executions: Executions = { isOpen: async (owner) => this.openExecutions.has(owner) };

  get #outside() {
    return {
      qdrant: this.qdrant,
      ledger: this.ledger,
      queue: this.queue,
      executions: this.executions,
      models: this.models,
      clock: { now: () => this.now++ },
      log: (event: string, fields: object) => void this.log.push(JSON.stringify({ event, ...fields })),
      deadline: { remainingMs: () => 900_000 },
      concurrency: 2,
      encodeVector: (vector: Float32Array) => JSON.stringify([...vector]),
    };
  }

  /** Runs an input of the workflow to its end, like an execution of the state machine. */
  async run(input: Readonly<Record<string, unknown>>): Promise<StoryEnd> {
    const executionName = `execution-${++this.#runs}`;
    this.openExecutions.add(executionName);
    const outcomes: Outcome[] = [];
    const invoke = async (name: string, event: unknown): Promise<unknown> => {
      await this.beforeCall(name, event);
      const answer = await this.#call(name, event);
      if (name === "planner" && (event as Events.PlannerEvent).op === "close")
        outcomes.push(answer as Outcome);
      return answer;
    };
    const ended = await runWorkflow({
      definition,
      input,
      invoke,
      executionName,
      signal: new AbortController().signal,
      waitSecondsMax: () => 0.001,
      retrySecondsMax: 0.001,
    });
    this.openExecutions.delete(executionName);
    return ended.status === "SUCCEEDED"
      ? { ...ended, error: "", cause: "", outcomes: outcomesOf(ended.output) ?? outcomes }
      : { ...ended, output: null, outcomes };
  }

  /** What the event source mapping does: a page a call; what throws stays on the queue. */
  async drain(): Promise<void> {
    for (let message = this.messages.shift(); message !== undefined; message = this.messages.shift()) {
      try {
        this.beforePage();
        await functions.embedPages(this.#outside, [message]);
      } catch {
        this.messages.push(message);
        return;
      }
    }
  }

  /** A batch of the live queue; returns the messages that would come again. */
  live(events: readonly object[]): Promise<readonly string[]> {
    const messages = events.map((event, index) => ({
      messageId: `message-${index}`,
      body: JSON.stringify(event),
    }));
    return functions.liveBatch(this.#outside, messages, { membersAt, elementsAt, parseId });
  }

  async #call(name: string, event: unknown): Promise<unknown> {
    const outside = this.#outside;
    switch (name) {
      case "planner":
        return functions.planner(outside, event as Events.PlannerEvent);
      case "coordinator":
        return functions.coordinator(outside, event as Events.CoordinatorEvent);
      case "embedder":
        return functions.embedder(outside, event as Events.EmbedderEvent);
      case "progress":
        await this.drain();
        return functions.progress(outside, event as Events.ProgressEvent);
      case "verifier":
        return functions.verifier(outside, event as Events.VerifierEvent);
      default:
        return functions.swapper(outside, event as Events.SwapperEvent);
    }
  }
}

const outcomesOf = (output: unknown): readonly Outcome[] | null =>
  typeof output === "object" && output !== null && "outcomes" in output
    ? (output as RunSummary).outcomes
    : null;

/** A machine with a source of `count` memories under an alias (or none), its vectors made by the old model. */
export async function machineWithMemories(
  count: number,
  contract: ModelContract = OLD,
  { collection, alias }: { readonly collection: string; readonly alias: string | null } = {
    collection: "chat_4d",
    alias: "chat",
  },
): Promise<StoryMachine> {
  const machine = new StoryMachine();
  const { qdrant } = machine;
  await qdrant.createCollection(collection, { vectors: { size: 4, distance: "Cosine" } });
  const embedder = await machine.models.openContract(contract);
  for (let id = 1; id <= count; id++) {
    const content = `memory number ${id}`;
    const [made] = (await embedder?.embed([content], "passage")) ?? [];
    qdrant.put(
      collection,
      String(id),
      { content, n: id },
      made?.ok ? JSON.stringify([...made.vector]) : "{}",
    );
  }
  if (alias !== null)
    await qdrant.changeAliases([{ create_alias: { collection_name: collection, alias_name: alias } }]);
  return machine;
}
