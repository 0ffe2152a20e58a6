// The service side of the Lambda Runtime API, on loopback: hands events to whoever asks and keeps the answers.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

export type Answer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly name: string; readonly message: string };

export interface RuntimeApi extends AsyncDisposable {
  /** `host:port`, what Lambda gives as AWS_LAMBDA_RUNTIME_API. */
  readonly address: string;
  /** Sends one event and waits for its answer. @throws Error when the runtime could not start at all. */
  invoke(event: unknown, timeoutMs: number): Promise<Answer>;
}

interface Invocation {
  readonly id: string;
  readonly body: string;
  readonly deadlineMs: number;
  readonly answer: (answer: Answer) => void;
  readonly fail: (error: Error) => void;
}

export async function startRuntimeApi(): Promise<RuntimeApi> {
  const waiting: Invocation[] = [];
  const asking: ServerResponse[] = [];
  const open = new Map<string, Invocation>();
  let count = 0;

  function match(): void {
    while (waiting.length > 0 && asking.length > 0) {
      const [invocation, response] = [waiting.shift(), asking.shift()];
      if (invocation === undefined || response === undefined) return;
      open.set(invocation.id, invocation);
      response.setHeader("lambda-runtime-aws-request-id", invocation.id);
      response.setHeader("lambda-runtime-deadline-ms", invocation.deadlineMs);
      response.end(invocation.body);
    }
  }

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, id = "", kind = ""] =
      /\/runtime\/(?:invocation\/)?([^/]+)(?:\/(\w+))?$/.exec(request.url ?? "") ?? [];
    if (id === "next") {
      asking.push(response);
      return match();
    }
    const value: unknown = await json(request);
    response.statusCode = 202;
    response.end();
    if (id === "init") for (const invocation of waiting) invocation.fail(new Error(sentenceOf(value)));
    const invocation = open.get(id);
    open.delete(id);
    invocation?.answer(kind === "error" ? errorOf(value) : { ok: true, value });
  }

  const server = createServer((request, response) => void receive(request, response));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    invoke(event, timeoutMs) {
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      const timer = setTimeout(() => reject(new Error(`No answer within ${timeoutMs} ms.`)), timeoutMs);
      const id = `invocation-${++count}`;
      waiting.push({
        id,
        body: JSON.stringify(event),
        deadlineMs: Date.now() + timeoutMs,
        answer: resolve,
        fail: reject,
      });
      match();
      return promise.finally(() => clearTimeout(timer));
    },
    async [Symbol.asyncDispose]() {
      for (const { fail } of [...waiting, ...open.values()]) fail(new Error("The runtime ended."));
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

const fieldOf = (value: unknown, field: string): string =>
  typeof value === "object" && value !== null && field in value ? String(Reflect.get(value, field)) : "";

const errorOf = (value: unknown): Answer => ({
  ok: false,
  name: fieldOf(value, "errorType"),
  message: fieldOf(value, "errorMessage"),
});

const sentenceOf = (value: unknown): string =>
  `${fieldOf(value, "errorType")}: ${fieldOf(value, "errorMessage")}`;
