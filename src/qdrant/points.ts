// Points: read, sampled, searched, written and deleted without losing a digit, in requests the server takes.
import { PermanentError, TransientError } from "../migration/errors.ts";
import type { PointId } from "../migration/ids.ts";
import type {
  Point,
  PointWrite,
  ReadOptions,
  SearchHit,
  SearchOptions,
  WriteOptions,
} from "../migration/ports.ts";
import { collectionPath } from "./address.ts";
import { TooLargeError } from "./answer.ts";
import type { Limits } from "./limits.ts";
import { halving, inParts, partsBySize } from "./parts.ts";
import { type Permission, permissionOf } from "./permission.ts";
import { elementsAt, membersAt } from "./slices.ts";
import type { Ask, Transport } from "./transport.ts";
import {
  encodeId,
  encodePoint,
  encodeVector,
  parseHit,
  parseId,
  parsePoints,
  parseScroll,
  resultOf,
} from "./wire.ts";

// A thousand UUIDs are 40 kB, and their points with vectors about 10 MB of answer.
const IDS_MAX = 1000;

type GuardedOptions = WriteOptions & { readonly permission: Permission };

export class Points {
  readonly #transport: Transport;
  readonly #limits: Limits;

  constructor(transport: Transport, limits: Limits) {
    this.#transport = transport;
    this.#limits = limits;
  }

  async count(name: string, vector?: string): Promise<number> {
    const what = `count the points of ${name}`;
    const filter = vector === undefined ? "" : `,"filter":{"must":[${hasVector(vector)}]}`;
    const body = `{"exact":true${filter}}`;
    const text = await this.#post(collectionPath(name, "/points/count"), body, what);
    return Number(membersAt(resultOf(text)).get("count"));
  }

  async scroll(name: string, from: PointId | null, limit: number, options: ReadOptions = {}) {
    const { queryPoints } = await this.#limits.of(name);
    return halving(Math.min(limit, queryPoints), async (count) => {
      const offset = from === null ? "" : `"offset":${encodeId(from)},`;
      const body = `{${offset}"limit":${count},${selectors(options)}}`;
      const text = await this.#post(collectionPath(name, "/points/scroll"), body, `read points of ${name}`);
      return parseScroll(text);
    });
  }

  async retrieve(
    name: string,
    ids: readonly PointId[],
    options: ReadOptions = {},
  ): Promise<readonly Point[]> {
    const { retrieveIds } = await this.#limits.of(name);
    return inParts(ids, Math.min(IDS_MAX, retrieveIds), async (part) => {
      const body = `{"ids":[${part.map(encodeId).join()}],${selectors(options)}}`;
      const what = `read ${part.length} points of ${name}`;
      const text = await this.#post(collectionPath(name, "/points"), body, what);
      return parsePoints(text);
    });
  }

  async sampleIds(name: string, count: number): Promise<readonly PointId[]> {
    const { queryPoints } = await this.#limits.of(name);
    const limit = Math.min(count, queryPoints);
    const body = `{"query":{"sample":"random"},"limit":${limit},"with_payload":false,"with_vector":false}`;
    const text = await this.#post(collectionPath(name, "/points/query"), body, `sample points of ${name}`);
    // With custom sharding one id may stand under several keys.
    return [...new Set(hitsOf(text).map((hit) => parseId(membersAt(hit).get("id") ?? "null")))];
  }

  /** Where strict mode forbids exact searches the index is used: an answer is worth more than a refusal. */
  async search(
    name: string,
    vector: Float32Array,
    limit: number,
    { using = "", exact = false, payload = true, filter, scoreThreshold }: SearchOptions = {},
  ): Promise<readonly SearchHit[]> {
    const { queryPoints, mayBeExact } = await this.#limits.of(name);
    const named = using === "" ? "" : `"using":${JSON.stringify(using)},`;
    const filtered = filter == null ? "" : `"filter":${JSON.stringify(filter)},`;
    const bounded = scoreThreshold == null ? "" : `"score_threshold":${scoreThreshold},`;
    const params = `"params":{"exact":${exact && mayBeExact}}`;
    const body = `{"query":${encodeVector(vector)},${named}${filtered}${bounded}"limit":${Math.min(limit, queryPoints)},"with_payload":${payload},${params}}`;
    const text = await this.#post(collectionPath(name, "/points/query"), body, `search ${name}`);
    return hitsOf(text).map(parseHit);
  }

  async upsert(name: string, points: readonly PointWrite[], options: WriteOptions = {}): Promise<void> {
    const guarded = { ...options, permission: permissionOf(options) };
    const { upsertPoints } = await this.#limits.of(name);
    for (const part of partsBySize(points.map(encodePoint), upsertPoints))
      await this.#upsertPart(name, part, guarded);
  }

  async #upsertPart(name: string, part: readonly string[], options: GuardedOptions): Promise<void> {
    await inParts(part, part.length, async (bodies) => {
      try {
        await this.#writePoints(name, bodies, options);
      } catch (error) {
        if (!isPlainRefusal(error)) throw error;
        await this.#upsertWithinNewLimits(name, bodies, { options, refusal: error });
      }
      return [];
    });
  }

  async #writePoints(name: string, bodies: readonly string[], options: GuardedOptions): Promise<void> {
    const body = `{${shardKey(options)}"points":[${bodies.join()}]}`;
    const what = `write ${bodies.length} points to ${name}`;
    const path = collectionPath(name, "/points?wait=true");
    await this.#write({ method: "PUT", path, body, what }, options.permission);
  }

  /** A 400 may come from limits that were set within the last minute; anything else is refused for good. */
  async #upsertWithinNewLimits(
    name: string,
    bodies: readonly string[],
    { options, refusal }: { readonly options: GuardedOptions; readonly refusal: PermanentError },
  ): Promise<void> {
    const { upsertPoints, isFenced } = await this.#limits.refresh(name);
    if (isFenced)
      throw new TransientError(
        `Could not write ${bodies.length} points to ${name}: its strict mode stops every upsert just now (upsert_max_batchsize is 0).`,
        { fields: { collection: name, status: 400 } },
      );
    if (bodies.length <= upsertPoints) throw refusal;
    for (const part of partsBySize(bodies, upsertPoints)) await this.#upsertPart(name, part, options);
  }

  async updateVectors(
    name: string,
    points: readonly Pick<PointWrite, "id" | "vectors">[],
    options: WriteOptions & { readonly onlyWithout?: string } = {},
  ): Promise<void> {
    const permission = permissionOf(options);
    const { upsertPoints } = await this.#limits.of(name);
    const { onlyWithout } = options;
    const only = onlyWithout === undefined ? "" : `"update_filter":{"must_not":[${hasVector(onlyWithout)}]},`;
    const bodies = points.map(({ id, vectors }) => `{"id":${encodeId(id)},"vector":${vectors}}`);
    for (const part of partsBySize(bodies, upsertPoints))
      await this.#write(
        {
          method: "PUT",
          path: collectionPath(name, "/points/vectors?wait=true"),
          body: `{${shardKey(options)}${only}"points":[${part.join()}]}`,
          what: `write vectors of ${part.length} points of ${name}`,
        },
        permission,
      );
  }

  async deleteVector(
    name: string,
    vector: string,
    ids: readonly PointId[] | "all",
    options: WriteOptions = {},
  ): Promise<void> {
    const chosen =
      ids === "all" ? `"filter":{"must":[${hasVector(vector)}]}` : `"points":[${ids.map(encodeId).join()}]`;
    const ask = {
      method: "POST",
      path: collectionPath(name, "/points/vectors/delete?wait=true"),
      body: `{"vector":[${JSON.stringify(vector)}],${chosen}}`,
      what: `take the vector ${JSON.stringify(vector)} from points of ${name}`,
    } as const;
    await this.#write(ask, permissionOf(options));
  }

  async dropVector(name: string, vector: string): Promise<void> {
    await this.#write({
      method: "DELETE",
      path: collectionPath(name, `/vectors/${encodeURIComponent(vector)}?wait=true`),
      what: `drop the vector ${JSON.stringify(vector)} of ${name}`,
    });
  }

  async delete(name: string, ids: readonly PointId[], options: WriteOptions = {}): Promise<void> {
    const permission = permissionOf(options);
    await inParts(ids, IDS_MAX, async (part) => {
      const body = `{${shardKey(options)}"points":[${part.map(encodeId).join()}]}`;
      const what = `delete ${part.length} points of ${name}`;
      const path = collectionPath(name, "/points/delete?wait=true");
      await this.#write({ method: "POST", path, body, what }, permission);
      return [];
    });
  }

  async createPayloadIndex(name: string, field: string, schema: string): Promise<void> {
    const body = `{"field_name":${JSON.stringify(field)},"field_schema":${schema}}`;
    const what = `index ${field} of ${name}`;
    await this.#write({ method: "PUT", path: collectionPath(name, "/index?wait=true"), body, what });
  }

  /** A write counts only when the server says that it is applied: `wait_timeout` and `acknowledged` are not. */
  async #write(ask: Ask, permission: Permission = permissionOf({})): Promise<void> {
    await permission.renew();
    const { text } = await this.#transport.ask({ ...ask, ...permission.ask });
    const status = membersAt(resultOf(text)).get("status") ?? "nothing";
    if (status !== '"completed"')
      throw new TransientError(
        `Could not ${ask.what} for certain: Qdrant answered ${status.slice(0, 40)}, not completed.`,
      );
  }

  async #post(path: string, body: string, what: string): Promise<string> {
    return (await this.#transport.ask({ method: "POST", path, body, what })).text;
  }
}

const hasVector = (vector: string): string => `{"has_vector":${JSON.stringify(vector)}}`;

const isPlainRefusal = (error: unknown): error is PermanentError =>
  error instanceof PermanentError && !(error instanceof TooLargeError) && error.fields.status === 400;

const hitsOf = (answer: string): readonly string[] =>
  elementsAt(membersAt(resultOf(answer)).get("points") ?? "[]");

const shardKey = ({ shardKey: key }: WriteOptions): string =>
  key === undefined ? "" : `"shard_key":${JSON.stringify(key)},`;

const selectors = ({ payload = true, vectors = false, ...options }: ReadOptions): string =>
  `${shardKey(options)}"with_payload":${payload},"with_vector":${JSON.stringify(vectors)}`;
