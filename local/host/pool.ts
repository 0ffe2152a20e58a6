// The processes of one function: as many as are needed at once, up to a limit, used again while they live.
import { FunctionProcess, type ProcessOptions } from "./process.ts";

// A stopped run's call may still end by itself; most take less than this.
const ABANDON_GRACE_MS = 2_000;

export class Pool {
  readonly #options: ProcessOptions;
  readonly #size: number;
  readonly #workers = new Set<FunctionProcess>();
  readonly #idle: FunctionProcess[] = [];
  readonly #waiting = new Set<PromiseWithResolvers<void>>();
  readonly #calls = new Set<Promise<unknown>>();
  #isStopped = false;

  constructor(size: number, options: ProcessOptions) {
    this.#size = size;
    this.#options = options;
  }

  /**
   * Calls beyond the pool's size wait, first come first served. An aborted call has a moment to end by itself,
   * then its process is killed: when this settles, nothing of the call is at work any more.
   * @throws as `FunctionProcess.call`; the signal's reason.
   */
  async call(event: unknown, signal?: AbortSignal): Promise<unknown> {
    const call = this.#call(event, signal);
    this.#calls.add(call);
    try {
      return await call;
    } finally {
      this.#calls.delete(call);
    }
  }

  /** Settles when the calls that are under way now have ended, well or badly. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#calls);
  }

  /** Ends every process; calls under way and waiting fail. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const { reject } of this.#waiting) reject(new Error("The function host is stopping."));
    this.#waiting.clear();
    const workers = [...this.#workers];
    for (const worker of workers) worker.kill();
    await Promise.all(workers.map(({ exited }) => exited));
  }

  async #acquire(signal: AbortSignal | undefined): Promise<FunctionProcess> {
    for (;;) {
      signal?.throwIfAborted();
      if (this.#isStopped) throw new Error("The function host is stopped.");
      const warm = this.#idle.pop();
      if (warm?.isAlive) return warm;
      if (warm === undefined && this.#workers.size < this.#size) return this.#start();
      if (warm === undefined) await this.#turn(signal);
    }
  }

  /** Until a process may be free. */
  async #turn(signal: AbortSignal | undefined): Promise<void> {
    const turn = Promise.withResolvers<void>();
    const onAbort = () => turn.reject(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#waiting.add(turn);
    try {
      await turn.promise;
    } finally {
      this.#waiting.delete(turn);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  #start(): FunctionProcess {
    const worker = new FunctionProcess(this.#options);
    this.#workers.add(worker);
    // Crashed, killed or stopped: its place is free for a new one.
    worker.exited.then(() => {
      this.#workers.delete(worker);
      this.#wakeNext();
    });
    return worker;
  }

  #release(worker: FunctionProcess): void {
    if (!worker.isAlive) return;
    this.#idle.push(worker);
    this.#wakeNext();
  }

  #wakeNext(): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    next.resolve();
  }

  async #call(event: unknown, signal: AbortSignal | undefined): Promise<unknown> {
    const worker = await this.#acquire(signal);
    let patience: NodeJS.Timeout | undefined;
    const onAbort = () => {
      patience = setTimeout(() => worker.kill(), ABANDON_GRACE_MS);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await worker.call(event);
    } finally {
      clearTimeout(patience);
      signal?.removeEventListener("abort", onAbort);
      this.#release(worker);
    }
  }
}
