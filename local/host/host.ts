// The function host of one machine: every function in processes of its own, with the environment, the time limit
// and the queues it has in AWS.
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { FUNCTIONS, type FunctionName, LIVE_QUEUE, PAGES_QUEUE } from "../../src/contract.ts";
import { ConfigError } from "../../src/migration/errors.ts";
import type { Queue, QueueDepth } from "../../src/migration/ports.ts";
import { isRequest, type QueueRequest } from "../../src/queue/channel.ts";
import { type DeadLetter, MemoryQueue, type MemoryQueueSettings } from "../../src/queue/memory.ts";
import { environmentOf } from "./environment.ts";
import { Mapping } from "./mapping.ts";
import { Pool } from "./pool.ts";

export interface HostOptions {
  readonly qdrantUrl: string;
  readonly apiKey: string | null;
  /** Absolute folder of the ledger. */
  readonly ledgerFolder: string;
  /** Null: the built-in models alone. */
  readonly modelDir: string | null;
  readonly embeddingModel: string | null;
  readonly embeddingDimensions: number | null;
  /** Embedder processes. */
  readonly concurrency: number;
  /** A line that a function wrote. */
  readonly onLog: (line: string) => void;
  /** Folder with `<name>/handler.ts` for each function; default: the deployed ones. */
  readonly functionsRoot?: string;
  /** Instead of the deployed limits. */
  readonly timeoutMs?: (name: FunctionName) => number;
  /** Instead of the deployed queue's settings. */
  readonly queue?: Partial<MemoryQueueSettings>;
}

interface HostQueue {
  depth(): Promise<QueueDepth>;
  deadLetters(): readonly DeadLetter[];
  /** Sends the dead letters again; says how many. */
  redrive(): number;
}

export interface Host {
  /**
   * Calls a function and gives its answer.
   * @throws what the function threw, by name, message and fields; `Sandbox.Timedout` and `Runtime.ExitError` as
   * Lambda names them; ConfigError for an unknown name; the signal's reason.
   */
  invoke(name: string, event: unknown, options?: { readonly signal?: AbortSignal }): Promise<unknown>;
  readonly pages: HostQueue;
  /** Live events, delivered to the function `live`. */
  readonly live: HostQueue & Pick<Queue, "send">;
  /** Delivers nothing more, lets what is under way end for `graceMs`, then ends every process. */
  stop(options: { readonly graceMs: number }): Promise<void>;
}

// Coordinators and verifiers of several ranges mostly wait for Qdrant; more processes than this only take memory.
const PROCESSES_MAX = 4;

const QUEUE_SETTINGS: MemoryQueueSettings = {
  visibilityTimeoutMs: PAGES_QUEUE.visibilityTimeoutSeconds * 1000,
  maxReceiveCount: PAGES_QUEUE.maxReceiveCount,
  // Here nobody pays for a try: 8 deliveries spread over about 40 s outlast a restart of the server.
  retryDelayMs: 300,
  retryDelayMaxMs: 20_000,
};

const LIVE_QUEUE_SETTINGS: MemoryQueueSettings = {
  ...QUEUE_SETTINGS,
  // Six times the function's timeout, as in the stack.
  visibilityTimeoutMs: 6 * FUNCTIONS.live.timeoutSeconds * 1000,
};

/** Starts no process yet: each function's first call does. */
export async function startHost(options: HostOptions): Promise<Host> {
  const queue = new MemoryQueue({ ...QUEUE_SETTINGS, ...options.queue });
  const pools = new Map<string, Pool>(namesOf(FUNCTIONS).map((name) => [name, poolOf(name, options, queue)]));
  const invoke: Host["invoke"] = async (name, event, { signal } = {}) => {
    const pool = pools.get(name);
    if (pool !== undefined) return pool.call(event, signal);
    throw new ConfigError(`There is no function ${name}; there are ${[...pools.keys()].join(", ")}.`);
  };
  const events = new MemoryQueue({ ...LIVE_QUEUE_SETTINGS, ...options.queue });
  const mappings = [
    new Mapping({
      queue,
      concurrency: options.concurrency,
      batchSize: PAGES_QUEUE.batchSize,
      reportsFailures: false,
      invoke: (event) => invoke("embedder", event),
    }),
    new Mapping({
      queue: events,
      // One call at a time: whoever sends the events of one file finds them applied in its order.
      concurrency: 1,
      batchSize: LIVE_QUEUE.batchSize,
      reportsFailures: true,
      invoke: (event) => invoke("live", event),
    }),
  ];
  return {
    invoke,
    pages: shown(queue),
    live: { ...shown(events), send: (messages) => events.send(messages) },
    stop: ({ graceMs }) => stop([...pools.values()], mappings, graceMs),
  };
}

const shown = (queue: MemoryQueue): HostQueue => ({
  depth: () => queue.depth(),
  deadLetters: () => queue.deadLetters(),
  redrive: () => queue.redrive(),
});

const namesOf = (functions: typeof FUNCTIONS): readonly FunctionName[] =>
  Object.keys(functions).filter((name): name is FunctionName => name in functions);

function poolOf(name: FunctionName, options: HostOptions, queue: MemoryQueue): Pool {
  const root = options.functionsRoot ?? join(import.meta.dirname, "..", "..", "functions");
  const size = name === "embedder" ? options.concurrency : PROCESSES_MAX;
  return new Pool(size, {
    functionName: name,
    file: join(root, name, "handler.ts"),
    environment: environmentOf(name, options, tmpdir()),
    timeoutMs: options.timeoutMs?.(name) ?? FUNCTIONS[name].timeoutSeconds * 1000,
    onLog: options.onLog,
    onMessage: (message, reply) => {
      if (isRequest(message)) answerRequest(message, queue).then(reply);
    },
  });
}

async function answerRequest({ id, send }: QueueRequest, queue: MemoryQueue) {
  if (send !== null) await queue.send(send);
  return { kind: "queue", id, depth: await queue.depth() };
}

async function stop(pools: readonly Pool[], mappings: readonly Mapping[], graceMs: number): Promise<void> {
  const closed = Promise.all(mappings.map((mapping) => mapping.close()));
  const quiet = closed.then(() => Promise.all(pools.map((pool) => pool.idle())));
  const patience = new AbortController();
  await Promise.race([quiet, pause(graceMs, null, { signal: patience.signal })]);
  patience.abort();
  await Promise.all(pools.map((pool) => pool.stop()));
}
