// One worker process: loads a handler once and answers one call after the other, as a Lambda instance does.
import { pathToFileURL } from "node:url";
import { type Answer, type Call, encodeError, isCall } from "./messages.ts";

type Handler = (event: unknown, context: CallContext) => Promise<unknown>;

/** The part of Lambda's context that functions may use. */
interface CallContext {
  readonly functionName: string;
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

const [, , functionName = "", file = ""] = process.argv;

// Without its host a worker has nothing to do and nobody to tell: it ends at once, however the host ended.
process.on("disconnect", () => process.exit());
if (!process.connected) process.exit();
// Ctrl-C reaches every process of the terminal. The host decides: pages under way may finish.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});

const loading = loadHandler();
// Whoever calls first hears of it.
loading.catch(() => {});

process.on("message", (message: unknown) => {
  if (isCall(message)) answer(message).then((given) => process.send?.(given));
});

async function loadHandler(): Promise<Handler> {
  const loaded: unknown = await import(pathToFileURL(file).href);
  if (isHandlerModule(loaded)) return loaded.handler;
  throw new TypeError(`${functionName}: its file exports no function named handler.`);
}

const isHandlerModule = (loaded: unknown): loaded is { readonly handler: Handler } =>
  typeof loaded === "object" &&
  loaded !== null &&
  "handler" in loaded &&
  typeof loaded.handler === "function";

async function answer({ requestId, event, deadline }: Call): Promise<Answer> {
  const context: CallContext = {
    functionName,
    awsRequestId: requestId,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
  try {
    const handler = await loading;
    const given: unknown = await handler(JSON.parse(event), context);
    return { kind: "answer", requestId, answer: JSON.stringify(given ?? null) };
  } catch (error) {
    return { kind: "answer", requestId, error: encodeError(error) };
  }
}
