import { setImmediate } from "node:timers/promises";
import { applyUpdate } from "./apply.ts";
import type { Call } from "./call.ts";
import type { Collection } from "./collection.ts";
import { paramsOf } from "./collection-config.ts";
import { noteIndexing } from "./collection-info.ts";
import { facet, parseFacet } from "./facet.ts";
import { fault, formatFault } from "./fault.ts";
import { parseFilter } from "./filter.ts";
import { elementsOf, isObject, type Json, type JsonObject, writeJson } from "./json.ts";
import { parsePathId } from "./point-id.ts";
import { parseQueryRequest, parseSearchRequest, type QueryRequest, runQuery } from "./query.ts";
import { count, getPoint, parseBoolean, parseIds, parseScroll, retrieve, scroll } from "./read.ts";
import { type Route, read, write } from "./route.ts";
import { type Checked, checkRead, checkSearchBatch, checkUpdate } from "./strict-mode.ts";
import { parseBatch, parseUpdate, type Update } from "./update.ts";

/** Reading, searching and changing points. */
export const pointRoutes: readonly Route[] = [
  read("GET", "/collections/:name/points/:id", getOne),
  read("POST", "/collections/:name/points", retrieveMany),
  read("POST", "/collections/:name/points/scroll", scrollPage),
  read("POST", "/collections/:name/points/count", countPoints),
  read("POST", "/collections/:name/facet", countFacet),
  read("POST", "/collections/:name/points/query", (call) => queryOne(call, parseQueryRequest, wrapPoints)),
  read("POST", "/collections/:name/points/query/batch", (call) =>
    queryMany(call, parseQueryRequest, wrapPoints),
  ),
  read("POST", "/collections/:name/points/search", (call) => queryOne(call, parseSearchRequest, asTheyAre)),
  read("POST", "/collections/:name/points/search/batch", (call) =>
    queryMany(call, parseSearchRequest, asTheyAre),
  ),
  write("PUT", "/collections/:name/points", (call) => update(call, "upsert")),
  write("POST", "/collections/:name/points/delete", (call) => update(call, "delete")),
  write("POST", "/collections/:name/points/payload", (call) => update(call, "set_payload")),
  write("PUT", "/collections/:name/points/payload", (call) => update(call, "overwrite_payload")),
  write("POST", "/collections/:name/points/payload/delete", (call) => update(call, "delete_payload")),
  write("POST", "/collections/:name/points/payload/clear", (call) => update(call, "clear_payload")),
  write("PUT", "/collections/:name/points/vectors", (call) => update(call, "update_vectors")),
  write("POST", "/collections/:name/points/vectors/delete", (call) => update(call, "delete_vectors")),
  write("POST", "/collections/:name/points/batch", batchUpdate),
];

const wrapPoints = (points: string): string => `{"points":${points}}`;
const asTheyAre = (points: string): string => points;

/** The collection of a read, after the checks that every read passes. */
function readTarget(call: Call, body: JsonObject, cost: number, checked: Checked): Collection {
  const collection = call.state.catalogue.get(call.part("name"));
  const key = body.get("shard_key") ?? null;
  if (key !== null) throw fault(400, `Bad request: Shard key ${writeJson(key)} not found`);
  checkRead(collection, { ...checked, timeout: call.timeout });
  call.state.rateLimits.take(collection, "read", cost);
  return collection;
}

function getOne(call: Call): string {
  const id = parsePathId(call.part("id"));
  return getPoint(readTarget(call, new Map(), 1, {}), id);
}

function retrieveMany(call: Call): string {
  call.checkReadParameters();
  const body = call.body();
  const ids = parseIds(body, call.text);
  return retrieve(readTarget(call, body, ids.length, {}), ids, body);
}

function scrollPage(call: Call): string {
  call.checkReadParameters();
  const request = parseScroll(call.body(), call.text);
  return scroll(readTarget(call, request.body, 1, request), request);
}

function countPoints(call: Call): string {
  call.checkReadParameters();
  const body = call.body();
  const filter = parseFilter(body.get("filter"), { body: call.text, where: "count_request.filter" });
  parseBoolean(body, "exact", call.text);
  return count(readTarget(call, body, 1, { filter }), filter);
}

function countFacet(call: Call): string {
  call.checkReadParameters();
  const body = call.body();
  const request = parseFacet(body, call.text);
  return facet(readTarget(call, body, 1, request), request);
}

type ParseQuery = (body: JsonObject, text: string) => QueryRequest;

function queryOne(call: Call, parse: ParseQuery, wrap: (points: string) => string): string {
  call.checkReadParameters();
  const request = parse(call.body(), call.text);
  const collection = readTarget(call, request.body, 1, { ...request, params: request.body.get("params") });
  return wrap(runQuery(collection, request));
}

async function queryMany(call: Call, parse: ParseQuery, wrap: (points: string) => string): Promise<string> {
  call.checkReadParameters();
  const searches = elementsOf(call.body().get("searches"));
  if (searches === undefined) throw formatFault("missing field `searches`", call.text);
  const requests = searches.map((search) => {
    if (!isObject(search)) throw formatFault("invalid type, expected a search request", call.text);
    return parse(search, call.text);
  });
  checkSearchBatch(call.state.catalogue.get(call.part("name")), requests.length);
  const results: string[] = [];
  for (const request of requests) {
    const collection = readTarget(call, request.body, 1, { ...request, params: request.body.get("params") });
    results.push(wrap(runQuery(collection, request)));
    // A search is one scan and not interrupted; a long batch lets others in between its searches.
    await setImmediate();
  }
  return `[${results.join(",")}]`;
}

function update(call: Call, name: string): string {
  call.checkUpdateParameters();
  const body = call.body();
  const parsed = parseUpdate(name, body, call.text);
  return doUpdate(call, parsed, body.get("shard_key") ?? null);
}

/** One operation after the other; those before one that fails stay done, those after it are not begun. */
function batchUpdate(call: Call): string {
  call.checkUpdateParameters();
  const updates = parseBatch(call.body(), call.text);
  return `[${updates.map((parsed) => doUpdate(call, parsed, null)).join(",")}]`;
}

function doUpdate(call: Call, update: Update, shardKey: Json): string {
  const collection = call.state.catalogue.get(call.part("name"));
  checkShardKey(collection, shardKey);
  checkUpdate(collection, update);
  call.state.rateLimits.take(collection, "write", "points" in update ? update.points.length : 1);
  try {
    const operation = applyUpdate(collection, update);
    return `{"operation_id":${operation},"status":"${call.wait ? "completed" : "acknowledged"}"}`;
  } finally {
    // Also after a fault: it may have used up a number or changed a part of the points.
    noteIndexing(collection);
    call.state.catalogue.savePoints(collection);
  }
}

function checkShardKey(collection: Collection, key: Json): void {
  const isCustom = paramsOf(collection.config).get("sharding_method") === "custom";
  if (key !== null) throw fault(400, `Wrong input: Shard key ${writeJson(key)} not found`);
  // Keys cannot be made on a single server, so such a collection takes no points.
  if (isCustom) throw fault(400, "Wrong input: Shard key not specified");
}
