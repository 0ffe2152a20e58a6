// Points are read, sampled, searched and counted without losing a digit, in requests the server takes.
import { type PointId, placeOf } from "../migration/ids.ts";
import type { Point, ReadOptions, SearchHit, SearchOptions } from "../migration/ports.ts";
import { collectionPath } from "./address.ts";
import { hasVector, inShard, pointIds } from "./body.ts";
import type { Limits } from "./limits.ts";
import { halving, inParts } from "./parts.ts";
import { byShard, type Shards, scrollShards } from "./shards.ts";
import { elementsAt, membersAt } from "./slices.ts";
import type { Transport } from "./transport.ts";
import { encodeId, encodeVector, parseHit, parsePoint, parsePoints, parseScroll, resultOf } from "./wire.ts";

// A thousand UUIDs are 40 kB, and their points with vectors about 10 MB of answer.
const IDS_MAX = 1000;

interface ScrollStart {
  readonly shard: string | null;
  readonly id: string | null;
}

export class PointReads {
  readonly #transport: Transport;
  readonly #limits: Limits;
  readonly #shards: Shards;

  constructor(transport: Transport, limits: Limits, shards: Shards) {
    this.#transport = transport;
    this.#limits = limits;
    this.#shards = shards;
  }

  async count(name: string, vector?: string): Promise<number> {
    const what = `count the points of ${name}`;
    const filter = vector === undefined ? "" : `,"filter":{"must":[${hasVector(vector)}]}`;
    const body = `{"exact":true${filter}}`;
    const text = await this.#post(collectionPath(name, "/points/count"), body, what);
    return Number(membersAt(resultOf(text)).get("count"));
  }

  async scroll(name: string, from: PointId | null, limit: number, options: ReadOptions = {}) {
    const { queryPoints, isSharded } = await this.#limits.of(name);
    const read = (at: ScrollStart, wanted: number) =>
      halving(Math.min(wanted, queryPoints), (count) => this.#scroll(name, at, count, options));
    if (!isSharded) return read({ shard: null, id: from }, limit);
    return scrollShards({ keys: () => this.#shards.keys(name), read }, from, limit);
  }

  #scroll(name: string, { shard, id }: ScrollStart, limit: number, options: ReadOptions) {
    return this.#shards.within(name, shard, { points: [], next: null }, async () => {
      const offset = id === null ? "" : `"offset":${encodeId(id)},`;
      const body = `{${inShard(shard)}${offset}"limit":${limit},${selectors(options)}}`;
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
    const points: Point[] = [];
    for (const [shard, part] of byShard(ids.map((id) => ({ id })))) {
      const read = (some: readonly { readonly id: PointId }[]) =>
        this.#shards.within<readonly Point[]>(name, shard, [], async () => {
          const body = `{${inShard(shard)}"ids":${pointIds(some)},${selectors(options)}}`;
          const what = `read ${some.length} points of ${name}`;
          return parsePoints(await this.#post(collectionPath(name, "/points"), body, what));
        });
      points.push(...(await inParts(part, Math.min(IDS_MAX, retrieveIds), read)));
    }
    return points;
  }

  async sampleIds(name: string, count: number): Promise<readonly PointId[]> {
    const { queryPoints, isSharded } = await this.#limits.of(name);
    const limit = Math.min(count, queryPoints);
    const body = `{"query":{"sample":"random"},"limit":${limit},"with_payload":false,"with_vector":false}`;
    const text = await this.#post(collectionPath(name, "/points/query"), body, `sample points of ${name}`);
    const ids = [...new Set(hitsOf(text).map((hit) => parsePoint(hit).id))];
    const isPlaced = (id: PointId) => !isSharded || placeOf(id).shard !== null;
    if (ids.every(isPlaced)) return ids;
    // An answer without keys: a retrieve tells them.
    const points = await this.retrieve(name, ids, { payload: false });
    return points.map(({ id }) => id).filter(isPlaced);
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

  async #post(path: string, body: string, what: string): Promise<string> {
    return (await this.#transport.ask({ method: "POST", path, body, what })).text;
  }
}

const hitsOf = (answer: string): readonly string[] =>
  elementsAt(membersAt(resultOf(answer)).get("points") ?? "[]");

const selectors = ({ payload = true, vectors = false }: ReadOptions): string =>
  `"with_payload":${payload},"with_vector":${JSON.stringify(vectors)}`;
