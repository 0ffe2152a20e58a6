import { parentPort, type Transferable, Worker, workerData } from "node:worker_threads";
import { ConfigError, TransientError } from "../migration/errors.ts";

type Answer<Result> =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly id: number; readonly result: Result }
  | { readonly kind: "failed"; readonly id: number | null; readonly message: string };

interface Asked<Request> {
  readonly id: number;
  readonly request: Request;
}

/** A thread that answers requests, one after the other. */
export interface Thread<Request, Result> {
  /**
   * What is in `transfer` is given away.
   * @throws Error when the request was refused; TransientError when the thread died.
   */
  ask(request: Request, transfer?: readonly Transferable[]): Promise<Result>;
  /** Settles when the thread has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Ends it; what is under way fails. Twice is harmless. */
  end(): Promise<void>;
}

interface Waiting<Result> {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

// Garbage of a batch or a window of texts. The default lets each thread keep some 15 MB more of it, for no speed:
// 3,000 texts were tokenized in the same time.
const YOUNG_MB = 4;

/**
 * Starts the thread of a file that calls `serveThread`, and waits until it is ready. It keeps the process alive
 * only while a request is under way.
 * @param what how to name it in an error, e.g. `Model BAAI/bge-base-en-v1.5`.
 * @throws ConfigError when it cannot start.
 */
export async function startThread<Request, Result>(
  what: string,
  file: URL,
  data: object,
): Promise<Thread<Request, Result>> {
  const worker = new Worker(file, {
    workerData: data,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  const waiting = new Map<number, Waiting<Result>>();
  let dead: Error | null = null;
  let next = 0;

  const settle = (id: number): Waiting<Result> | undefined => {
    const found = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    return found;
  };
  const die = (cause: unknown) => {
    dead = new TransientError(`${what}: its thread ended; it is loaded again when it is opened next.`, {
      cause,
    });
    for (const id of [...waiting.keys()]) settle(id)?.reject(dead);
  };
  const ended = new Promise<void>((resolve) => worker.on("exit", () => resolve()));
  const ready = new Promise<void>((resolve, reject) => {
    worker.on("message", (answer: Answer<Result>) => {
      if (answer.kind === "ready") resolve();
      else if (answer.kind === "done") settle(answer.id)?.resolve(answer.result);
      else if (answer.id === null) reject(cannotStart(what, answer.message));
      else settle(answer.id)?.reject(new Error(answer.message));
    });
    worker.on("error", (error) => {
      reject(cannotStart(what, error.message));
      die(error);
    });
    worker.on("exit", (code) => {
      reject(cannotStart(what, `its thread ended with code ${code}`));
      die(new Error(`exit code ${code}`));
    });
  });

  await ready.catch(async (error) => {
    await worker.terminate();
    throw error;
  });
  worker.unref();
  return {
    ask(request, transfer = []) {
      if (dead !== null) return Promise.reject(dead);
      const id = next++;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        worker.ref();
        const asked: Asked<Request> = { id, request };
        worker.postMessage(asked, [...transfer]);
      });
    },
    ended,
    async end() {
      await worker.terminate();
    },
  };
}

const cannotStart = (what: string, found: string): ConfigError =>
  new ConfigError(`${what} cannot be loaded: ${found}. Fetch it again, or correct its description.`);

/** What a thread's file does with a request; `transfer` is given away with the result. */
export type Serve<Request, Result> = (
  request: Request,
) => Promise<{ readonly result: Result; readonly transfer: readonly Transferable[] }>;

/** The other side, called once by the thread's file. Outside a thread it does nothing. */
export function serveThread<Data, Request, Result>(
  start: (data: Data) => Promise<Serve<Request, Result>>,
): void {
  if (parentPort === null) return;
  const port = parentPort;
  const answer = (message: Answer<Result>, transfer: readonly Transferable[] = []) =>
    port.postMessage(message, [...transfer]);
  const listen = (serve: Serve<Request, Result>) => {
    // One request after the other: two runs of one session side by side would only share the same threads.
    let last = Promise.resolve();
    port.on("message", ({ id, request }: Asked<Request>) => {
      last = last.then(async () => {
        try {
          const { result, transfer } = await serve(request);
          answer({ kind: "done", id, result }, transfer);
        } catch (error) {
          answer({ kind: "failed", id, message: String(error) });
        }
      });
    });
    answer({ kind: "ready" });
  };
  start(workerData).then(listen, (error) => answer({ kind: "failed", id: null, message: String(error) }));
}
