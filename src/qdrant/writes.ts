// Points are written and deleted without losing a digit, in requests the server takes.
import { type PermanentError, TransientError } from "../migration/errors.ts";
import type { PointId } from "../migration/ids.ts";
import type { PointWrite, VectorWrite, WriteOptions } from "../migration/ports.ts";
import { collectionPath } from "./address.ts";
import { isPlainRefusal } from "./answer.ts";
import { hasVector, inShard, pointHolding, pointIds } from "./body.ts";
import type { Limits } from "./limits.ts";
import { inParts, partsBySize, partsOf } from "./parts.ts";
import { type Permission, permissionOf } from "./permission.ts";
import { byShard, type Shards } from "./shards.ts";
import { membersAt } from "./slices.ts";
import type { Ask, Transport } from "./transport.ts";
import { encodeId, encodePoint, resultOf } from "./wire.ts";

const IDS_MAX = 1000;

type GuardedOptions = WriteOptions & { readonly permission: Permission; readonly shard: string | null };

export class PointWrites {
  readonly #transport: Transport;
  readonly #limits: Limits;
  readonly #shards: Shards;

  constructor(transport: Transport, limits: Limits, shards: Shards) {
    this.#transport = transport;
    this.#limits = limits;
    this.#shards = shards;
  }

  async upsert(name: string, points: readonly PointWrite[], options: WriteOptions = {}): Promise<void> {
    const guarded = { ...options, permission: permissionOf(options) };
    const { upsertPoints } = await this.#limits.of(name);
    for (const [shard, group] of byShard(points))
      for (const part of partsBySize(group.map(encodePoint), upsertPoints))
        await this.#upsertPart(name, part, { ...guarded, shard });
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
    const body = `{${inShard(options.shard)}"points":[${bodies.join()}]}`;
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
    if (await this.#makeShardKey(name, options)) return this.#writePoints(name, bodies, options);
    if (bodies.length <= upsertPoints) throw refusal;
    for (const part of partsBySize(bodies, upsertPoints)) await this.#upsertPart(name, part, options);
  }

  /** True when the points' key was missing and now is there; the application may have made it on the other side only. */
  async #makeShardKey(name: string, { shard, makesShardKeys }: GuardedOptions): Promise<boolean> {
    if (shard === null || makesShardKeys !== true || (await this.#shards.has(name, shard))) return false;
    try {
      await this.#shards.create(name, { key: shard });
      return true;
    } catch (cause) {
      throw new TransientError(
        `Shard key ${shard} is not in ${name} yet and could not be made (${cause instanceof Error ? cause.message : "unknown"}). Make it there as it is in the other collection, or give this worker a key that may.`,
        { cause, fields: { collection: name } },
      );
    }
  }

  async updateVectors(
    name: string,
    points: readonly VectorWrite[],
    options: WriteOptions & { readonly onlyWithout?: string } = {},
  ): Promise<void> {
    const permission = permissionOf(options);
    const { upsertPoints } = await this.#limits.of(name);
    for (const [shard, group] of byShard(points)) {
      const written = group.map(({ id, vectors, onlyWhile }) => ({
        body: `{"id":${encodeId(id)},"vector":${vectors}}`,
        isGuarded: onlyWhile != null,
        condition: pointHolding(id, onlyWhile ?? []),
      }));
      for (const part of partsOf(written, upsertPoints, ({ body, condition }) => body + condition)) {
        const only = updateFilter(part, options.onlyWithout);
        await this.#write(
          {
            method: "PUT",
            path: collectionPath(name, "/points/vectors?wait=true"),
            body: `{${inShard(shard)}${only}"points":[${part.map(({ body }) => body).join()}]}`,
            what: `write vectors of ${part.length} points of ${name}`,
          },
          permission,
        );
      }
    }
  }

  async deleteVector(
    name: string,
    vector: string,
    ids: readonly PointId[] | "all",
    options: WriteOptions = {},
  ): Promise<void> {
    const permission = permissionOf(options);
    const { isSharded } = await this.#limits.of(name);
    const filter = `"filter":{"must":[${hasVector(vector)}]}`;
    const chosen: readonly (readonly [string | null, string])[] =
      ids === "all"
        ? (isSharded ? await this.#shards.keys(name) : [null]).map((shard) => [shard, filter])
        : [...byShard(ids.map((id) => ({ id })))].map(([shard, part]) => [
            shard,
            `"points":${pointIds(part)}`,
          ]);
    for (const [shard, points] of chosen) {
      const ask = {
        method: "POST",
        path: collectionPath(name, "/points/vectors/delete?wait=true"),
        body: `{${inShard(shard)}"vector":[${JSON.stringify(vector)}],${points}}`,
        what: `take the vector ${JSON.stringify(vector)} from points of ${name}`,
      } as const;
      await this.#write(ask, permission);
    }
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
    for (const [shard, group] of byShard(ids.map((id) => ({ id }))))
      await inParts(group, IDS_MAX, async (part) => {
        const body = `{${inShard(shard)}"points":${pointIds(part)}}`;
        const what = `delete ${part.length} points of ${name}`;
        const path = collectionPath(name, "/points/delete?wait=true");
        await this.#shards.within(name, shard, undefined, () =>
          this.#write({ method: "POST", path, body, what }, permission),
        );
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
}

interface GuardedVectors {
  readonly isGuarded: boolean;
  /** A filter that the point itself fits, while it holds what it must. */
  readonly condition: string;
}

/** Member `update_filter` with its comma, where anything is asked of the points. */
function updateFilter(part: readonly GuardedVectors[], onlyWithout: string | undefined): string {
  const clauses = [
    ...(onlyWithout === undefined ? [] : [`"must_not":[${hasVector(onlyWithout)}]`]),
    ...(part.some(({ isGuarded }) => isGuarded)
      ? [`"should":[${part.map(({ condition }) => condition).join()}]`]
      : []),
  ];
  return clauses.length === 0 ? "" : `"update_filter":{${clauses.join()}},`;
}
