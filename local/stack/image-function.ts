// An image function of the emulated account: the emulator forwards invocations to an address, and behind it processes
// or containers run the deployed handler with the deployed variables and the credentials of the function's own role, so
// that IAM is enforced for it too.
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import type { Launch, Launched, Variables } from "./launch.ts";
import { type Answer, type RuntimeApi, startRuntimeApi } from "./runtime-api.ts";

const RESTART_MS = 500;

export interface ImageFunction extends AsyncDisposable {
  /** Where the emulator sends invocations. */
  readonly url: string;
  /** Starts processes with these variables; invocations wait until then. */
  start(variables: Variables, how: { readonly launch: Launch; readonly processes: number }): void;
  /** Kills the process of the oldest invocation under way, as an out-of-memory would; false when none is. */
  killOne(): boolean;
}

interface Worker {
  readonly launched: Launched;
  readonly api: RuntimeApi;
  /** Fails the invocation it is at work on; null while it is idle. */
  fail: (() => void) | null;
}

/** `name` is the directory of the function. `timeoutMs` as deployed. */
export async function serveImageFunction(name: string, timeoutMs: number): Promise<ImageFunction> {
  const idle: Worker[] = [];
  const busy = new Set<Worker>();
  const waiting: ((worker: Worker) => void)[] = [];
  let isEnding = false;

  const release = (worker: Worker): void => {
    const next = waiting.shift();
    if (next === undefined) idle.push(worker);
    else next(worker);
  };

  async function startWorker(variables: Variables, launch: Launch): Promise<void> {
    const api = await startRuntimeApi();
    const launched = launch(name, { ...variables, AWS_LAMBDA_RUNTIME_API: api.address });
    const worker: Worker = { launched, api, fail: null };
    void launched.ended.then(() => {
      worker.fail?.();
      if (idle.includes(worker)) idle.splice(idle.indexOf(worker), 1);
      void api[Symbol.asyncDispose]();
      // A process that cannot start at all must not be started again at once.
      setTimeout(() => isEnding || void startWorker(variables, launch), RESTART_MS).unref();
    });
    release(worker);
  }

  async function invoke(event: unknown): Promise<Answer> {
    const worker = idle.shift() ?? (await new Promise<Worker>((done) => waiting.push(done)));
    busy.add(worker);
    const died = new Promise<Answer>((done) => {
      worker.fail = () => done({ ok: false, name: "Runtime.ExitError", message: "The process ended." });
    });
    try {
      return await Promise.race([worker.api.invoke(event, timeoutMs), died]);
    } catch (error) {
      return { ok: false, name: "Sandbox.Timedout", message: String(error) };
    } finally {
      worker.fail = null;
      busy.delete(worker);
      if (worker.launched.isRunning()) release(worker);
    }
  }

  const server = createServer(async (request, response) => {
    answerWith(response, await invoke(await json(request)));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    start(variables, { launch, processes }) {
      for (let count = 0; count < processes; count++) void startWorker(variables, launch);
    },
    killOne() {
      const [first] = busy;
      first?.launched.kill();
      return first !== undefined;
    },
    async [Symbol.asyncDispose]() {
      isEnding = true;
      for (const { launched } of [...idle, ...busy]) launched.kill();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

// The emulator reads any status but 2xx as a failed invocation.
function answerWith(response: ServerResponse, answer: Answer): void {
  response.statusCode = answer.ok ? 200 : 500;
  response.end(
    JSON.stringify(
      answer.ok ? (answer.value ?? null) : { errorType: answer.name, errorMessage: answer.message },
    ),
  );
}
