// A worker process as its host sees it.
import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Answer, decodeError, isAnswer, namedError } from "./messages.ts";

export interface ProcessOptions {
  readonly functionName: string;
  /** The handler's file. */
  readonly file: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** A line the worker wrote. */
  readonly onLog: (line: string) => void;
  /** Anything it sent that is no answer; `reply` sends back. */
  readonly onMessage: (message: unknown, reply: (message: object) => void) => void;
}

/** Takes one call at a time; a process that broke a call is dead. */
export class FunctionProcess {
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  readonly #options: ProcessOptions;
  #isAlive = true;
  #reason: Error | null = null;
  #call: ({ readonly requestId: string } & PromiseWithResolvers<unknown>) | null = null;

  constructor(options: ProcessOptions) {
    this.#options = options;
    this.#child = fork(join(import.meta.dirname, "worker.ts"), [options.functionName, options.file], {
      env: options.environment,
      // Not this process's flags: a test runner's would make the worker run tests.
      execArgv: [],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    for (const output of [this.#child.stdout, this.#child.stderr])
      if (output !== null) createInterface({ input: output }).on("line", options.onLog);
    this.#child.on("message", (message) => this.#take(message));
    this.exited = this.#watch();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** @throws whatever the handler threw; `Sandbox.Timedout`; `Runtime.ExitError` when the process ended. */
  async call(event: unknown): Promise<unknown> {
    const { timeoutMs } = this.#options;
    const requestId = randomUUID();
    const text = JSON.stringify(event);
    const call = { requestId, ...Promise.withResolvers<unknown>() };
    this.#call = call;
    const timer = setTimeout(() => {
      const message = `${requestId} Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`;
      this.kill(namedError("Sandbox.Timedout", message));
    }, timeoutMs);
    this.#post({ kind: "call", requestId, event: text, deadline: Date.now() + timeoutMs });
    try {
      return await call.promise;
    } finally {
      clearTimeout(timer);
      this.#call = null;
    }
  }

  /** At once: everything a function does may be repeated. @param reason What its call fails with. */
  kill(reason: Error | null = null): void {
    this.#reason ??= reason;
    this.#isAlive = false;
    this.#child.kill("SIGKILL");
  }

  #take(message: unknown): void {
    if (isAnswer(message)) this.#settle(message);
    else this.#options.onMessage(message, (reply) => this.#post(reply));
  }

  #settle(answer: Answer): void {
    if (this.#call?.requestId !== answer.requestId) return;
    if ("error" in answer) this.#call.reject(decodeError(answer.error));
    else this.#call.resolve(JSON.parse(answer.answer));
  }

  #post(message: object): void {
    // A closed channel is an end of the process that was not heard of yet: `#watch` settles the call.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  /** Settles when the process is gone, or never came to be; a call that it leaves behind fails then, not before. */
  #watch(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = (how: string) => {
      this.#isAlive = false;
      const message = `RequestId: ${this.#call?.requestId} Error: Runtime exited with error: ${how}`;
      this.#call?.reject(this.#reason ?? namedError("Runtime.ExitError", message));
      resolve();
    };
    this.#child.on("exit", (code, signal) =>
      end(signal === null ? `exit status ${code}` : `signal: ${signal}`),
    );
    this.#child.on("error", (error) => end(String(error)));
    return promise;
  }
}
