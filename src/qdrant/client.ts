// Qdrant as the story sees it. Names (collections, aliases, indexes) go through the official client; points go
// through our own path, which keeps every digit of ids, payloads and vectors.
import { setTimeout as sleepFor } from "node:timers/promises";
import { ConfigError, PermanentError, TransientError } from "../migration/errors.ts";
import type { PointId } from "../migration/ids.ts";
import type {
  CollectionInfo,
  JsonObject,
  Point,
  PointWrite,
  Qdrant,
  ReadOptions,
  SearchHit,
} from "../migration/ports.ts";
import { baseOf } from "./address.ts";
import { Administration } from "./administration.ts";
import { Limits } from "./limits.ts";
import { elementsAt, membersAt } from "./slices.ts";
import { TooLargeError, Transport } from "./transport.ts";
import {
  encodeId,
  encodePoint,
  encodeVector,
  parseHit,
  parseId,
  parsePoint,
  parseScroll,
  resultOf,
} from "./wire.ts";

export interface QdrantOptions {
  /** `http(s)://host[:port][/prefix]`; without a port 6333, as every Qdrant client has it. */
  readonly url: string;
  readonly apiKey: () => Promise<string | null>;
  readonly sleep?: (ms: number) => Promise<void>;
  readonly random?: () => number;
}

/** Oldest version with collection metadata, where the model of the vectors is written down. */
const MINIMUM_VERSION = [1, 16] as const;
/** Qdrant's advice for a request's size; its own limit is 32 MiB. */
const REQUEST_BYTES = 4 * 1024 * 1024;

export function openQdrant(options: QdrantOptions): Qdrant {
  const { url, apiKey, sleep = (ms) => sleepFor(ms), random = Math.random } = options;
  const base = baseOf(url);
  return new RestQdrant(
    new Transport({ base, apiKey, sleep, random }),
    new Administration(base, apiKey),
    base,
  );
}

const path = (collection: string, rest = ""): string =>
  `/collections/${encodeURIComponent(collection)}${rest}`;

class RestQdrant implements Qdrant {
  readonly #transport: Transport;
  readonly #names: Administration;
  readonly #limits: Limits;
  readonly #base: URL;

  constructor(transport: Transport, names: Administration, base: URL) {
    this.#transport = transport;
    this.#names = names;
    this.#base = base;
    this.#limits = new Limits((collection) => this.collection(collection));
  }

  async version(): Promise<string> {
    const found = await this.#root();
    const [major = 0, minor = 0] = found.split(".").map(Number);
    const [needMajor, needMinor] = MINIMUM_VERSION;
    if (major < needMajor || (major === needMajor && minor < needMinor))
      throw new ConfigError(
        `Qdrant at ${this.#base.origin} is version ${found}; Remaster needs ${needMajor}.${needMinor} or newer, because it writes the model of the vectors into the collection's metadata. Upgrade Qdrant first.`,
      );
    return found;
  }

  async #root(): Promise<string> {
    const notQdrant = (found: string, cause?: unknown) =>
      new ConfigError(
        `There is no Qdrant at ${this.#base.origin}: ${found}. Give its address with --url or QDRANT_URL.`,
        { cause },
      );
    let text: string;
    try {
      text = (await this.#transport.ask({ method: "GET", path: "/", what: "ask for Qdrant's version" })).text;
    } catch (error) {
      if (error instanceof TransientError || error instanceof PermanentError)
        throw notQdrant(error.message, error);
      throw error;
    }
    const members = text.trimStart().startsWith("{") ? membersAt(text) : new Map<string, string>();
    const title = members.get("title") ?? "";
    const version: unknown = JSON.parse(members.get("version") ?? "null");
    if (typeof version !== "string" || !/qdrant/i.test(title))
      throw notQdrant("something else answers there");
    return version;
  }

  collections() {
    return this.#names.collections();
  }

  aliases() {
    return this.#names.aliases();
  }

  changeAliases(actions: Parameters<Qdrant["changeAliases"]>[0]) {
    return this.#names.changeAliases(actions);
  }

  deleteCollection(name: string) {
    return this.#names.deleteCollection(name);
  }

  createPayloadIndex(name: string, field: string, schema: Parameters<Qdrant["createPayloadIndex"]>[2]) {
    return this.#names.createPayloadIndex(name, field, schema);
  }

  createShardKey(name: string, key: string | number, options: JsonObject) {
    return this.#names.createShardKey(name, key, options);
  }

  shardKeys(name: string) {
    return this.#names.shardKeys(name);
  }

  async collection(name: string): Promise<CollectionInfo | null> {
    const ask = { method: "GET", path: path(name), what: `read collection ${name}` } as const;
    const { status, text } = await this.#transport.ask(ask, [404]);
    return status === 404 ? null : parseInfo(resultOf(text));
  }

  async createCollection(name: string, body: JsonObject): Promise<void> {
    await this.#change("PUT", path(name), body, `create collection ${name}`);
  }

  async updateCollection(name: string, patch: JsonObject): Promise<void> {
    await this.#change("PATCH", path(name), patch, `change the settings of collection ${name}`);
    this.#limits.forget(name);
  }

  async #change(method: "PUT" | "PATCH", to: string, body: JsonObject, what: string): Promise<void> {
    await this.#transport.ask({ method, path: to, body: JSON.stringify(body), what });
  }

  async count(name: string): Promise<number> {
    const body = '{"exact":true}';
    const what = `count the points of ${name}`;
    const { text } = await this.#transport.ask({
      method: "POST",
      path: path(name, "/points/count"),
      body,
      what,
    });
    return Number(membersAt(resultOf(text)).get("count"));
  }

  async scroll(name: string, from: PointId | null, limit: number, options: ReadOptions = {}) {
    const read = async (count: number) => {
      const offset = from === null ? "" : `"offset":${encodeId(from)},`;
      const body = `{${offset}"limit":${count},${selectors(options)}}`;
      const what = `read points of ${name}`;
      const { text } = await this.#transport.ask({
        method: "POST",
        path: path(name, "/points/scroll"),
        body,
        what,
      });
      return parseScroll(text);
    };
    return halving(Math.min(limit, await this.#limits.query(name)), read);
  }

  async retrieve(
    name: string,
    ids: readonly PointId[],
    options: ReadOptions = {},
  ): Promise<readonly Point[]> {
    return inParts(ids, await this.#limits.query(name), async (part) => {
      const body = `{"ids":[${part.map(encodeId).join()}],${selectors(options)}}`;
      const what = `read ${part.length} points of ${name}`;
      const { text } = await this.#transport.ask({ method: "POST", path: path(name, "/points"), body, what });
      return elementsAt(resultOf(text)).map(parsePoint);
    });
  }

  async sampleIds(name: string, count: number): Promise<readonly PointId[]> {
    const limit = Math.min(count, await this.#limits.query(name));
    const body = `{"query":{"sample":"random"},"limit":${limit},"with_payload":false,"with_vector":false}`;
    const what = `sample points of ${name}`;
    const { text } = await this.#transport.ask({
      method: "POST",
      path: path(name, "/points/query"),
      body,
      what,
    });
    const points = elementsAt(membersAt(resultOf(text)).get("points") ?? "[]");
    return [...new Set(points.map((point) => parseId(membersAt(point).get("id") ?? "null")))];
  }

  async search(
    name: string,
    vector: Float32Array,
    limit: number,
    { using = "", exact = false, payload = true }: Parameters<Qdrant["search"]>[3] = {},
  ): Promise<readonly SearchHit[]> {
    const named = using === "" ? "" : `"using":${JSON.stringify(using)},`;
    const body = `{"query":${encodeVector(vector)},${named}"limit":${limit},"with_payload":${payload},"params":{"exact":${exact}}}`;
    const what = `search ${name}`;
    const { text } = await this.#transport.ask({
      method: "POST",
      path: path(name, "/points/query"),
      body,
      what,
    });
    return elementsAt(membersAt(resultOf(text)).get("points") ?? "[]").map(parseHit);
  }

  async upsert(name: string, points: readonly PointWrite[]): Promise<void> {
    for (const part of partsBySize(points.map(encodePoint), await this.#limits.upsert(name)))
      await inParts(part, part.length, async (bodies) => {
        const body = `{"points":[${bodies.join()}]}`;
        const what = `write ${bodies.length} points to ${name}`;
        await this.#write({ method: "PUT", path: path(name, "/points?wait=true"), body, what });
        return [];
      });
  }

  async delete(name: string, ids: readonly PointId[]): Promise<void> {
    await inParts(ids, DELETE_IDS, async (part) => {
      const body = `{"points":[${part.map(encodeId).join()}]}`;
      const what = `delete ${part.length} points of ${name}`;
      await this.#write({ method: "POST", path: path(name, "/points/delete?wait=true"), body, what });
      return [];
    });
  }

  /** A write counts only when the server says that it is applied: `wait_timeout` and `acknowledged` are not. */
  async #write(ask: Parameters<Transport["ask"]>[0]): Promise<void> {
    const { text } = await this.#transport.ask(ask);
    const status: unknown = JSON.parse(membersAt(resultOf(text)).get("status") ?? "null");
    if (status !== "completed")
      throw new TransientError(
        `Could not ${ask.what} for certain: Qdrant answered ${String(status)}, not completed.`,
      );
  }
}

const DELETE_IDS = 1000;

function selectors({ payload = true, vectors = false }: ReadOptions): string {
  return `"with_payload":${payload},"with_vector":${JSON.stringify(vectors)}`;
}

/** Calls with fewer and fewer points where the server says that a request is too large for it. */
async function halving<T>(count: number, read: (count: number) => Promise<T>): Promise<T> {
  try {
    return await read(count);
  } catch (error) {
    if (!(error instanceof TooLargeError) || count <= 1) throw error;
    return halving(Math.floor(count / 2), read);
  }
}

/** All parts one after the other, each halved while the server says that it is too large. */
async function inParts<T, R>(
  all: readonly T[],
  size: number,
  call: (part: readonly T[]) => Promise<readonly R[]>,
): Promise<readonly R[]> {
  if (all.length > size) {
    const results: R[] = [];
    for (let start = 0; start < all.length; start += size)
      results.push(...(await inParts(all.slice(start, start + size), size, call)));
    return results;
  }
  if (all.length === 0) return [];
  try {
    return await call(all);
  } catch (error) {
    if (!(error instanceof TooLargeError) || all.length === 1) throw error;
    return inParts(all, Math.ceil(all.length / 2), call);
  }
}

function* partsBySize(bodies: readonly string[], countMax: number): Iterable<readonly string[]> {
  let part: string[] = [];
  let bytes = 0;
  for (const body of bodies) {
    if (part.length > 0 && (part.length >= countMax || bytes + body.length > REQUEST_BYTES)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(body);
    bytes += body.length;
  }
  if (part.length > 0) yield part;
}

const STATUSES = ["green", "yellow", "grey", "red"] as const;

function parseInfo(result: string): CollectionInfo {
  const info = JSON.parse(result);
  return {
    status: STATUSES.find((status) => status === info.status) ?? "red",
    optimizerOk: info.optimizer_status === "ok",
    updateQueueLength: info.update_queue?.length ?? 0,
    deferredPoints: info.update_queue?.deferred_points ?? 0,
    segments: info.segments_count ?? 0,
    config: info.config ?? {},
    payloadSchema: info.payload_schema ?? {},
  };
}
