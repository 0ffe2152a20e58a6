// Pieces of request bodies.
import type { PointId } from "../migration/ids.ts";
import type { TextField } from "../migration/ports.ts";
import { encodeId } from "./wire.ts";

/** Member `shard_key` with its comma, where there is one. */
export const inShard = (shard: string | null): string => (shard === null ? "" : `"shard_key":${shard},`);

export const pointIds = (points: readonly { readonly id: PointId }[]): string =>
  `[${points.map(({ id }) => encodeId(id)).join()}]`;

export const hasVector = (vector: string): string => `{"has_vector":${JSON.stringify(vector)}}`;

/** The point of this id, while its payload holds these fields. */
export const pointHolding = (id: PointId, fields: readonly TextField[]): string =>
  `{"must":[${[`{"has_id":[${encodeId(id)}]}`, ...fields.map(holdsField)].join()}]}`;

function holdsField({ path, value }: TextField): string {
  const key = JSON.stringify(path.map(encodeKey).join("."));
  return value === null
    ? `{"is_empty":{"key":${key}}}`
    : `{"key":${key},"match":{"value":${JSON.stringify(value)}}}`;
}

/** A dot or a space within a name must not be read as part of the path. */
const encodeKey = (name: string): string => (/^[\w-]+$/.test(name) ? name : `"${name}"`);
