import type { IncomingMessage, ServerResponse } from "node:http";
import { type Access, accessOf, type Keys } from "./access.ts";
import { Call, type ServerState } from "./call.ts";
import { fault, QdrantFault, unsupported } from "./fault.ts";
import { readBody } from "./request-body.ts";
import { findRoute, isUnsupported } from "./router.ts";
import { openAnswers } from "./service-routes.ts";

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const json = { "content-type": "application/json" };
const notFound: Answer = { status: 404, headers: {}, body: "" };

/** Answers one request, whatever happens on the way. */
export async function respond(
  state: ServerState,
  keys: Keys,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const startMs = performance.now();
  const answer = await answerTo(state, keys, request).catch((cause: unknown) => faultAnswer(cause, startMs));
  if (response.destroyed) return;
  // A body that was refused unread would otherwise be taken for the next request.
  const close = request.complete ? {} : { connection: "close" };
  const vary = { vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers" };
  response.writeHead(answer.status, {
    ...vary,
    ...answer.headers,
    ...close,
    "content-length": Buffer.byteLength(answer.body),
  });
  response.end(answer.body);
}

async function answerTo(state: ServerState, keys: Keys, request: IncomingMessage): Promise<Answer> {
  const startMs = performance.now();
  const [path = "/", query = ""] = (request.url ?? "/").split("?", 2);
  const method = request.method ?? "GET";
  if (method === "OPTIONS") return preflight(request);
  const open = method === "GET" ? openAnswers[path] : undefined;
  if (open !== undefined) return { status: 200, headers: { "content-type": open.type }, body: open.body };
  const access = accessOf(request.headers, keys);
  if (typeof access === "object") return { status: 401, headers: {}, body: access.refusal };
  const result = await resultOf(state, access, request, { method, path, query });
  if (result === undefined) return notFound;
  return {
    status: 200,
    headers: json,
    body: `{"result":${result},"status":"ok","time":${secondsSince(startMs)}}`,
  };
}

async function resultOf(
  state: ServerState,
  access: Access,
  request: IncomingMessage,
  { method, path, query }: { method: string; path: string; query: string },
): Promise<string | undefined> {
  const found = findRoute(method, path);
  if (found === undefined) {
    if (isUnsupported(path)) throw unsupported(`${method} ${path}`);
    return undefined;
  }
  if (access === "read" && found.route.access === "write")
    throw fault(403, "Forbidden: Global manage access is required");
  const text = await readBody(request);
  // From here to the answer nothing else runs, except between the searches of a batch.
  return found.route.answer(new Call(state, found.parts, new URLSearchParams(query), text));
}

function faultAnswer(cause: unknown, startMs: number): Answer {
  const isKnown = cause instanceof QdrantFault;
  // A mistake of this server: its message could hold text of the request, so only its kind is told.
  const kind = cause instanceof Error ? cause.name : typeof cause;
  const message = isKnown
    ? cause.message
    : `Service internal error: the built-in Qdrant failed (${kind}). This is a bug.`;
  const body = `{"status":{"error":${JSON.stringify(message)}},"time":${secondsSince(startMs)}}`;
  return {
    status: isKnown ? cause.status : 500,
    headers: { ...json, ...(isKnown ? cause.headers : {}) },
    body,
  };
}

function preflight(request: IncomingMessage): Answer {
  const headers = {
    "access-control-allow-origin": request.headers.origin ?? "*",
    "access-control-allow-methods": "PUT, PATCH, DELETE, GET, HEAD, POST, CONNECT, TRACE, OPTIONS",
  };
  return { status: 200, headers, body: "" };
}

const secondsSince = (startMs: number): number =>
  Math.round((performance.now() - startMs) * 1000) / 1_000_000;
