import { request } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import {
  elementsOf,
  isObject,
  type Json,
  JsonNumber,
  parseJson,
  writeJson,
} from "../../../local/qdrant/json.ts";

/** An exchange recorded from a real server: texts as they went over the wire. */
export interface Exchange {
  readonly n: number;
  readonly label: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body_raw?: string;
    readonly body_generator?: string;
  };
  readonly response: { readonly status: number; readonly body_raw?: string };
  /** JSON pointers of what differed between two runs of the real server. */
  readonly varies?: readonly string[];
  readonly delay_ms_before?: number;
}

export type Verdict = { readonly kind: "same" | "501" } | { readonly kind: "differs"; readonly what: string };

/** Sends a recorded request to another server and compares status and body. */
export async function replay(url: string, exchange: Exchange): Promise<Verdict> {
  if (exchange.delay_ms_before !== undefined) await setTimeout(exchange.delay_ms_before);
  const { status, text: found } = await send(url, exchange);
  if (status === 501) return { kind: "501" };
  if (status !== exchange.response.status) {
    return {
      kind: "differs",
      what: `status ${status}, recorded ${exchange.response.status}: ${found.slice(0, 200)}`,
    };
  }
  const what = differenceOfTexts(exchange, found);
  return what === undefined ? { kind: "same" } : { kind: "differs", what };
}

// Not fetch, which would tidy up paths such as `/collections/..` and add headers that were not recorded.
function send(url: string, exchange: Exchange): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(url);
  const { method, path, headers } = exchange.request;
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const sent = request({ hostname, port, method, path, headers }, async (response) => {
    resolve({ status: response.statusCode ?? 0, text: await text(response) });
  });
  sent.on("error", reject);
  sent.end(bodyOf(exchange));
  return promise;
}

function bodyOf({ request }: Exchange): string | undefined {
  return (
    request.body_generator?.replace(/<x repeated (\d+)\*1048576>/, (_, count: string) =>
      "x".repeat(Number(count) * 1024 * 1024),
    ) ?? request.body_raw
  );
}

function differenceOfTexts(exchange: Exchange, found: string): string | undefined {
  const recorded = exchange.response.body_raw ?? "";
  if (recorded === found) return undefined;
  if (!recorded.startsWith("{")) return `${found.slice(0, 100)}, recorded ${recorded.slice(0, 100)}`;
  return difference(parseJson(recorded), parseJson(found), "", variations(exchange));
}

/** What varied there. Where other points came in another run, any point of the list may be another. */
function variations({ varies = [] }: Exchange): ReadonlySet<string> {
  const isAnyPoint = varies.some((pointer) => /^\/body\/result\/points\/\d+\/id$/.test(pointer));
  return new Set(isAnyPoint ? varies.map((pointer) => anyPoint(pointer)) : varies);
}

const anyPoint = (pointer: string): string => pointer.replace(/\/points\/\d+/, "/points/*");

/** The first place where two bodies differ, less what varies; undefined when there is none. */
function difference(
  recorded: Json | undefined,
  found: Json | undefined,
  path: string,
  varies: ReadonlySet<string>,
): string | undefined {
  if (path === "/time" || path === "/commit" || varies.has(`/body${path}`)) return undefined;
  if (varies.has(`/body${anyPoint(path)}`)) return undefined;
  if (isObject(recorded) && isObject(found)) {
    // Inside a payload the order of keys is part of the answer; elsewhere it is not.
    const isOrdered =
      path.endsWith("/payload") &&
      ![...varies].some((pointer) => pointer.startsWith(`/body${anyPoint(path)}`));
    if (isOrdered && [...recorded.keys()].join() !== [...found.keys()].join())
      return `${path}: order of keys`;
    const keys = new Set([...recorded.keys(), ...found.keys()]);
    return firstOf(
      [...keys].map((key) => () => difference(recorded.get(key), found.get(key), `${path}/${key}`, varies)),
    );
  }
  const [a, b] = [elementsOf(recorded), elementsOf(found)];
  if (a !== undefined && b !== undefined) {
    if (a.length !== b.length) return `${path}: ${b.length} elements, recorded ${a.length}`;
    const [left, right] = path.endsWith("/aliases") ? [sorted(a), sorted(b)] : [a, b];
    return firstOf(left.map((element, at) => () => difference(element, right[at], `${path}/${at}`, varies)));
  }
  const [x, y] = [written(recorded), written(found)];
  return x === y || isSameScore(recorded, found, path) ? undefined : `${path}: ${y}, recorded ${x}`;
}

// A map of hashes gives no order there: the lists of aliases differ from run to run.
const sorted = (list: readonly Json[]): Json[] =>
  [...list].sort((a, b) => (writeJson(a) < writeJson(b) ? -1 : 1));

const written = (value: Json | undefined): string => (value === undefined ? "nothing" : writeJson(value));

// Scores are sums of float32 in another order there: the last of seven digits is not comparable.
function isSameScore(a: Json | undefined, b: Json | undefined, path: string): boolean {
  if (!path.endsWith("/score") || !(a instanceof JsonNumber) || !(b instanceof JsonNumber)) return false;
  return Math.abs(a.value - b.value) <= 1e-6 * Math.max(1, Math.abs(a.value));
}

function firstOf(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const found = check();
    if (found !== undefined) return found;
  }
  return undefined;
}
