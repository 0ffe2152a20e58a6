// Pieces of request bodies.
import type { PointId } from "../migration/ids.ts";
import { encodeId } from "./wire.ts";

/** Member `shard_key` with its comma, where there is one. */
export const inShard = (shard: string | null): string => (shard === null ? "" : `"shard_key":${shard},`);

export const pointIds = (points: readonly { readonly id: PointId }[]): string =>
  `[${points.map(({ id }) => encodeId(id)).join()}]`;

export const hasVector = (vector: string): string => `{"has_vector":${JSON.stringify(vector)}}`;
