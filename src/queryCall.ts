// A call of the query function: a direct one, or one that came over its Function URL (HTTP, payload format 2.0).
import { ERROR_NAMES } from "./contract.ts";
import { ConfigError, PermanentError, RemasterError } from "./migration/errors.ts";
import { placeOf } from "./migration/ids.ts";
import type { Log, SearchHit } from "./migration/ports.ts";
import { answerQuery, type QueryAnswer, type QueryOutside } from "./migration/query.ts";
import { badQuery, parseQuery } from "./migration/queryRequest.ts";
import { encodeId, encodeVector } from "./qdrant/wire.ts";

export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface CallOutside {
  /** Opened inside the call, so that wrong settings are an answer too. */
  open(): QueryOutside;
  readonly log: Log;
}

/**
 * Answers one call. A direct one gets `{collection, contract, vectors}` or `{collection, contract, results}`, or
 * what was wrong is thrown; one over HTTP gets the same as JSON with status 200, or `{error, message}` with
 * 400 (the query), 409 (a guard), 503 (ask again) or 500 (the settings, or a bug).
 */
export async function answerCall(outside: CallOutside, event: unknown): Promise<unknown> {
  const request = httpRequestOf(event);
  try {
    const query = parseQuery(request === null ? event : bodyOf(request));
    const json = encodeAnswer(await answerQuery(outside.open(), query));
    return request === null ? JSON.parse(json) : httpAnswer(200, json);
  } catch (thrown) {
    const error = sayable(thrown);
    outside.log("query.failed", { error: error.name, reason: error.message });
    if (request === null) throw error;
    return httpAnswer(statusOf(error), JSON.stringify({ error: error.name, message: error.message }));
  }
}

const httpAnswer = (statusCode: number, body: string): HttpAnswer => ({
  statusCode,
  // Vectors of a text are as private as the text.
  headers: { "content-type": "application/json", "cache-control": "no-store" },
  body,
});

type HttpRequest = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is HttpRequest => typeof value === "object" && value !== null;

function httpRequestOf(event: unknown): HttpRequest | null {
  if (!isRecord(event) || !isRecord(event.requestContext)) return null;
  return isRecord(event.requestContext.http) ? event : null;
}

function bodyOf({ body, isBase64Encoded }: HttpRequest): unknown {
  if (typeof body !== "string" || body === "") throw badQuery("send it with POST, as JSON in the body.");
  const text = isBase64Encoded === true ? Buffer.from(body, "base64").toString() : body;
  try {
    return JSON.parse(text);
  } catch {
    // What the parser says would quote the body.
    throw badQuery("the body is not JSON.");
  }
}

/** The sentence of an error of ours holds names only; anything else may quote what it failed on. */
function sayable(thrown: unknown): RemasterError {
  if (thrown instanceof RemasterError) return thrown;
  const name = thrown instanceof Error ? thrown.name : "something";
  return new PermanentError(`The query could not be answered: ${name} was thrown. This is a bug.`, {
    fields: { status: 500 },
  });
}

function statusOf(error: RemasterError): number {
  if (error.name === ERROR_NAMES.transient) return 503;
  if (error.name === ERROR_NAMES.refused) return 409;
  // The caller's own mistake, said by us or, about a filter, by Qdrant.
  if (error.fields.status === 400) return 400;
  return error instanceof ConfigError || error.fields.status === 500 ? 500 : 409;
}

/** JSON text of an answer: ids, payloads and vectors digit by digit as Qdrant has them. */
export function encodeAnswer({ collection, contract, vectors, results }: QueryAnswer): string {
  const head = `"collection":${JSON.stringify(collection)},"contract":${JSON.stringify(contract)}`;
  const what =
    results === null
      ? `"vectors":${listOf((vectors ?? []).map(encodeVector))}`
      : `"results":${listOf(results.map((hits) => listOf(hits.map(encodeHit))))}`;
  return `{${head},${what}}`;
}

const listOf = (parts: readonly string[]): string => `[${parts.join()}]`;

function encodeHit({ id, score, payload }: SearchHit): string {
  const { shard } = placeOf(id);
  const key = shard === null ? "" : `"shard_key":${shard},`;
  return `{"id":${encodeId(id)},${key}"score":${score},"payload":${payload}}`;
}
