// One simulated deployment: the product's own functions on fakes that behave, every outside call through the
// seeded scheduler, and the invariants watched at every write.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FUNCTIONS, type FunctionName, PAGES_QUEUE } from "../../src/contract.ts";
import type * as Events from "../../src/migration/events.ts";
import * as functions from "../../src/migration/functions.ts";
import { lockKey, stateKey } from "../../src/migration/keys.ts";
import type { AliasAction, Ledger, Qdrant } from "../../src/migration/ports.ts";
import type { Outcome } from "../../src/migration/run.ts";
import type { MigrationState } from "../../src/migration/state.ts";
import { elementsAt, membersAt } from "../../src/qdrant/slices.ts";
import { parseId } from "../../src/qdrant/wire.ts";
import { fakeContract, fakeModels } from "../support/embedder.ts";
import { FakeLedger } from "../support/ledger.ts";
import { NEW, OLD } from "../support/machine.ts";
import { FakeQdrant } from "../support/qdrant.ts";
import {
  type FaultRates,
  type HazardRates,
  ledgerFor,
  NO_FAULTS,
  NO_HAZARDS,
  qdrantFor,
  type ServerQueue,
} from "./faults.ts";
import { NO_QUEUE_FAULTS, type QueueRates, SimulatedQueue } from "./queue.ts";
import { Replica } from "./replica.ts";
import { Actor, Schedule } from "./schedule.ts";
import { ensureShard, idIn, READERS_NAME, vectorsIn } from "./setting.ts";
import { walkWorkflow } from "./states.ts";
import { Truth } from "./truth.ts";
import { Watch } from "./watch.ts";

const definition: unknown = JSON.parse(
  readFileSync(join(import.meta.dirname, "..", "..", "infra", "workflow.asl.json"), "utf8"),
);

/** What a broken version of the product would do; each must be found. Test-only wrappers of the outside. */
export interface Breakage {
  readonly qdrant?: (qdrant: Qdrant, actor: Actor, world: World) => Qdrant;
  /** Both ends of a worker's outside, where one must know of the other. */
  readonly outside?: (ends: Ends, actor: Actor) => Ends;
  readonly progress?: (
    run: Events.ProgressEvent["run"],
    looked: unknown,
    queueIsEmpty: boolean,
    world: World,
  ) => unknown;
}

export interface Ends {
  readonly qdrant: Qdrant;
  readonly ledger: Ledger;
}

/** How long the product's client goes on with a write on its own (Retry-After), in ms. */
const PATIENCE_MS = 45_000;
const MODELS = fakeModels([NEW, OLD]);
const OTHER_MODELS = fakeModels([fakeContract("another", 8)]);

export interface Started {
  readonly name: string;
  readonly actor: Actor;
  isOver: boolean;
  status: string;
  cause: string;
}

export class World {
  readonly schedule: Schedule;
  readonly qdrant = new FakeQdrant();
  readonly ledger = new FakeLedger();
  readonly replica = new Replica(this.qdrant);
  /** Reads may be answered by a replica that lags: only passes are sure to hear of everything. */
  hasReplica = false;
  readonly truth = new Truth();
  readonly watch: Watch;
  readonly breakage: Breakage;
  readonly pages: SimulatedQueue;
  readonly live: SimulatedQueue;
  readonly log: string[] = [];
  readonly patienceMsMax = PATIENCE_MS;
  rates: FaultRates = NO_FAULTS;
  hazards: HazardRates = NO_HAZARDS;
  readonly serverQueues = new Map<string, ServerQueue>();
  /** The plan takes the source for a large one and cuts it into three ranges. */
  hasRanges = false;
  queueRates: QueueRates = NO_QUEUE_FAULTS;
  /** Kills, zombies and lost answers of whole calls. */
  callRate = 0;
  /** Called when the migration's phase has changed. */
  onPhase: () => void = () => {};
  #phase: string | undefined;
  readonly #open = new Set<string>();
  readonly #touching = new Map<Actor, string>();
  #count = 0;

  constructor(seed: number, breakage: Breakage = {}) {
    this.schedule = new Schedule(seed);
    this.breakage = breakage;
    this.watch = new Watch(this);
    this.pages = new SimulatedQueue(this, {
      name: "pages",
      workers: 3,
      visibilityMs: 120_000,
      receivesMax: PAGES_QUEUE.maxReceiveCount,
      work: (_, body) => this.#embed(body),
      onCopy: () => {},
      onDone: () => {},
    });
    this.live = new SimulatedQueue(this, {
      name: "live",
      workers: 4,
      visibilityMs: 130_000,
      receivesMax: 8,
      work: (id, body) => this.#applyLive(id, body),
      onCopy: (body) => this.#repeat(body),
      onDone: (id) => this.onApplied.get(id)?.(),
    });
  }

  /** What a producer waits for, by message. */
  readonly onApplied = new Map<string, () => void>();

  /** Of the migration that the lock names; a plan whose run died before it was named does not count. */
  get state(): MigrationState | null {
    const lock = this.ledger.objects.get(lockKey(this.truth.setting.source));
    const migration: string | null = lock === undefined ? null : JSON.parse(lock.body).migration;
    const state = migration === null ? undefined : this.ledger.objects.get(stateKey(migration));
    return state === undefined ? null : JSON.parse(state.body);
  }

  /** True while an execution is under way. */
  get isBusy(): boolean {
    return this.#open.size > 0;
  }

  /** From now on nothing fails; what is under way goes on. */
  calm(): void {
    this.rates = NO_FAULTS;
    this.hazards = { ...NO_HAZARDS, skewMs: this.hazards.skewMs };
    this.queueRates = NO_QUEUE_FAULTS;
    this.callRate = 0;
  }

  followReplica(): void {
    this.hasReplica = true;
    this.replica.follow(this.schedule);
  }

  touching(actor: Actor): boolean {
    return this.#touching.get(actor)?.includes('"op":"touch"') ?? false;
  }

  readonly onWrite = (actor: Actor, collection: string, ids: readonly string[]) =>
    this.watch.write(actor, collection, ids);
  readonly onAliases = (actor: Actor, actions: readonly AliasAction[]) =>
    this.watch.beforeSwap(actor, actions);
  readonly onLedger = (actor: Actor, key: string, body: string) => {
    this.watch.ledger(key, body);
    this.watch.record(actor, key, body);
    if (!key.endsWith("/migration.json")) return;
    const phase = this.state?.phase;
    if (phase !== this.#phase) this.onPhase();
    this.#phase = phase;
  };

  start(input: object): Started {
    const name = `execution-${++this.#count}`;
    const actor = new Actor(name, "execution");
    const started: Started = { name, actor, isOver: false, status: "KILLED", cause: "" };
    this.#open.add(name);
    this.schedule.note(name, `STARTS ${JSON.stringify(input)}`);
    const end = (status: string, cause = "") => {
      this.#open.delete(name);
      if (!started.isOver) this.schedule.note(name, `ENDS ${status} ${cause.slice(0, 300)}`);
      Object.assign(started, { isOver: true, status, cause });
    };
    actor.onDeath(() => end("KILLED"));
    const outcomes: Outcome[] = [];
    const invoke = async (fn: string, event: unknown) => {
      const answer = await this.#invoke(actor, fn, event);
      if (fn === "planner" && (event as Events.PlannerEvent).op === "close") outcomes.push(answer as Outcome);
      return answer;
    };
    const { schedule } = this;
    walkWorkflow({
      definition,
      input,
      execution: name,
      actor,
      schedule,
      invoke,
    }).then(
      (ended) => end(outcomes.at(-1)?.status ?? ended.status, ended.status === "FAILED" ? ended.cause : ""),
      (error) => {
        this.watch.fail(`the walker broke: ${String(error)}`);
        end("BROKEN", String(error));
      },
    );
    return started;
  }

  /** A call of a function as Lambda makes it: may be killed, may answer into nothing, may go on after its caller. */
  #invoke(execution: Actor, name: string, event: unknown): Promise<unknown> {
    const { schedule } = this;
    const op = (event as { op: string }).op;
    const actor = this.#actor(`${execution.name}/${op}`, "function", timeoutOf(name));
    return new Promise((settle, refuse) => {
      // A stopped execution hears no answer and calls nothing more; what it called goes on.
      const resolve = (answer: unknown) => (execution.isAlive ? settle(answer) : undefined);
      const reject = (error: unknown) => (execution.isAlive ? refuse(error) : undefined);
      const fail = (error: string) => reject(Object.assign(new Error(`${name} ${op}`), { name: error }));
      actor.onDeath(() => schedule.after(10, () => fail("Runtime.ExitError")));
      if (schedule.chance(this.callRate)) {
        // The workflow gives up on the call; the function goes on, as StopExecution or a broken connection leave it.
        schedule.after(schedule.between(1, 3000), () => {
          schedule.note(actor.name, "ANSWER NOT AWAITED");
          fail("Lambda.SdkClientException");
        });
      }
      this.#run(actor, name, event).then(
        (answer) => (schedule.chance(this.callRate) ? fail("Lambda.ServiceException") : resolve(answer)),
        reject,
      );
    });
  }

  #actor(name: string, kind: Actor["kind"], timeoutMs: number): Actor {
    const actor = new Actor(`${name}#${++this.#count}`, kind);
    this.schedule.after(timeoutMs, () => actor.kill());
    return actor;
  }

  #outside(actor: Actor, timeoutMs: number) {
    const until = this.schedule.now + timeoutMs;
    const { breakage, schedule } = this;
    const { skewMs, otherModel } = this.hazards;
    const skew = skewMs === 0 ? 0 : schedule.betweenOf(-skewMs, skewMs);
    const isPlan = actor.name.includes("/plan#");
    const qdrant = this.hasRanges && isPlan ? large(qdrantFor(this, actor)) : qdrantFor(this, actor);
    const isBack = this.state?.direction === "reverse";
    // Backwards over a bridge a page without its models is done all the same: verify counts what lacks a vector.
    const isWorker = isBack
      ? actor.kind === "page" && !this.truth.setting.isBridge
      : actor.kind === "page" || actor.kind === "live";
    const clock = { now: () => schedule.now + skew };
    const ends = {
      qdrant: breakage.qdrant?.(qdrant, actor, this) ?? qdrant,
      ledger: ledgerFor(this, actor),
    };
    return {
      ...(breakage.outside?.(ends, actor) ?? ends),
      queue: this.pages.portFor(actor),
      executions: { isOpen: async (owner: string) => this.#open.has(owner) },
      models: isWorker && schedule.chanceOf(otherModel) ? OTHER_MODELS : MODELS,
      clock: clock,
      log: (event: string, fields: object) => void this.log.push(JSON.stringify({ event, ...fields })),
      deadline: { remainingMs: () => until - this.schedule.now },
      concurrency: 3,
      encodeVector: (vector: Float32Array) => JSON.stringify([...vector]),
    };
  }

  async #run(actor: Actor, name: string, event: unknown): Promise<unknown> {
    const outside = this.#outside(actor, timeoutOf(name));
    switch (name) {
      case "planner":
        return functions.planner(outside, event as Events.PlannerEvent);
      case "coordinator":
        return functions.coordinator(outside, event as Events.CoordinatorEvent);
      case "embedder":
        return functions.embedder(outside, event as Events.EmbedderEvent);
      case "progress": {
        const looked = await functions.progress(outside, event as Events.ProgressEvent);
        const { run } = event as Events.ProgressEvent;
        return this.breakage.progress?.(run, looked, this.pages.isIdle, this) ?? looked;
      }
      case "verifier":
        return functions.verifier(outside, event as Events.VerifierEvent);
      default:
        return functions.swapper(outside, event as Events.SwapperEvent);
    }
  }

  #embed(body: string): Promise<boolean> {
    const actor = this.#actor("embedder", "page", WORKER_MS);
    return this.#untilDeath(actor, async () => {
      await functions.embedPages(this.#outside(actor, WORKER_MS), [body]);
      return true;
    });
  }

  #applyLive(messageId: string, body: string): Promise<boolean> {
    const actor = this.#actor("live", "live", WORKER_MS);
    this.#touching.set(actor, body);
    const text = { membersAt, elementsAt, parseId };
    return this.#untilDeath(actor, async () => {
      const failed = await functions.liveBatch(this.#outside(actor, WORKER_MS), [{ messageId, body }], text);
      if (failed.length > 0) this.schedule.note(actor.name, `FAILED ${this.log.at(-1)}`);
      return failed.length === 0;
    });
  }

  /** False when the function threw or was killed: the message comes again. */
  #untilDeath(actor: Actor, work: () => Promise<boolean>): Promise<boolean> {
    return new Promise((resolve) => {
      actor.onDeath(() => resolve(false));
      work().then(resolve, (error) => {
        this.schedule.note(actor.name, `THROWS ${String(error).slice(0, 200)}`);
        resolve(false);
      });
    });
  }

  #repeat(body: string): void {
    const { op, ids, points }: { op: string; ids?: number[]; points?: { id: number }[] } = JSON.parse(body);
    if (op !== "touch")
      for (const memory of ids ?? points?.map((one) => one.id) ?? [])
        this.truth.repeat(idIn(this.truth.setting, memory));
  }
}

/** A source that says it is large: more points than one range takes. */
const large = (qdrant: Qdrant): Qdrant =>
  new Proxy(qdrant, {
    get: (target, name) => (name === "count" ? async () => 50_000 : Reflect.get(target, name)),
  });

const WORKER_MS = 110_000;
const isFunction = (name: string): name is FunctionName => name in FUNCTIONS;
const timeoutOf = (name: string): number => (isFunction(name) ? FUNCTIONS[name].timeoutSeconds : 300) * 1000;

/** A source of memories, under an alias unless its own name is what readers use; one of them has no text. */
export async function fillSource(world: World, memories: number): Promise<void> {
  const { qdrant, truth } = world;
  const { source, shardOf } = truth.setting;
  const sharding = shardOf(1) === null ? {} : { sharding_method: "custom" };
  await qdrant.createCollection(source, { vectors: { size: 4, distance: "Cosine" }, ...sharding });
  for (let memory = 1; memory <= memories; memory++) {
    const id = idIn(truth.setting, memory);
    ensureShard(qdrant, source, id);
    const payload = JSON.stringify(memory === 3 ? { n: 3 } : { content: `secret memory ${id}`, n: 0 });
    qdrant.points(source).set(id, { id, payload, vectors: vectorsIn(truth.setting, source, payload) });
    truth.set(id, payload);
  }
  if (source === READERS_NAME) return;
  await qdrant.changeAliases([{ create_alias: { collection_name: source, alias_name: READERS_NAME } }]);
}
