import { Worker } from "node:worker_threads";
import { ConfigError, TransientError } from "../migration/errors.ts";
import type { BatchRequest, WorkerAnswer, WorkerModel } from "./worker.ts";

export interface Session {
  /**
   * Runs one batch; the buffers are given away.
   * @returns `[rows, dimensions]`.
   * @throws Error when the model refuses the batch; TransientError when the thread died.
   */
  run(request: Omit<BatchRequest, "id">): Promise<Float32Array>;
}

interface Waiting {
  readonly resolve: (vectors: Float32Array) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Loads a graph in a thread of its own. The thread keeps the process alive only while a batch is under way.
 * @throws ConfigError when the runtime cannot load the graph.
 */
export async function startSession(name: string, model: WorkerModel): Promise<Session> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: model });
  const waiting = new Map<number, Waiting>();
  let dead: Error | null = null;
  let next = 0;

  const settle = (id: number): Waiting | undefined => {
    const found = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    return found;
  };
  const die = (cause: unknown) => {
    dead = new TransientError(`The thread of model ${name} ended; the process has to be started again.`, {
      cause,
    });
    for (const id of [...waiting.keys()]) settle(id)?.reject(dead);
  };
  const loaded = new Promise<void>((resolve, reject) => {
    worker.on("message", (answer: WorkerAnswer) => {
      if (answer.kind === "ready") resolve();
      else if (answer.kind === "vectors") settle(answer.id)?.resolve(answer.vectors);
      else if (answer.id === null) reject(cannotLoad(name, answer.message));
      else settle(answer.id)?.reject(new Error(answer.message));
    });
    worker.on("error", (error) => {
      reject(cannotLoad(name, error.message));
      die(error);
    });
    worker.on("exit", (code) => {
      reject(cannotLoad(name, `its thread ended with code ${code}`));
      die(new Error(`exit code ${code}`));
    });
  });

  await loaded.catch(async (error) => {
    await worker.terminate();
    throw error;
  });
  worker.unref();
  return {
    run(request) {
      if (dead !== null) return Promise.reject(dead);
      const id = next++;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        worker.ref();
        worker.postMessage({ id, ...request }, [request.ids.buffer, request.lengths.buffer]);
      });
    },
  };
}

function cannotLoad(name: string, found: string): ConfigError {
  return new ConfigError(
    `Model ${name} cannot be loaded: ${found}. Fetch it again, or correct its description.`,
  );
}
