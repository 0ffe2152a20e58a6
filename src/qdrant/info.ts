// `GET /collections/{name}` as the story reads it.
import { TransientError } from "../migration/errors.ts";
import { keepSpelling } from "../migration/number.ts";
import type { CollectionInfo, Json, JsonObject } from "../migration/ports.ts";
import { membersAt } from "./slices.ts";

const STATUSES = ["green", "yellow", "grey", "red"] as const;

/** `result` is the text of the answer's member of that name. */
export function parseInfo(name: string, result: string): CollectionInfo {
  const info: Json = JSON.parse(result);
  if (!isObject(info) || !isObject(info.config))
    throw new TransientError(`Could not read collection ${name}: Qdrant's answer holds no configuration.`);
  const queue = objectOf(info.update_queue);
  return {
    // A status that this program does not know is not ready.
    status: STATUSES.find((status) => status === info.status) ?? "red",
    optimizerOk: info.optimizer_status === "ok",
    updateQueueLength: numberOf(queue.length),
    deferredPoints: numberOf(queue.deferred_points),
    segments: numberOf(info.segments_count),
    config: { ...info.config, ...metadataOf(result) },
    payloadSchema: objectOf(info.payload_schema),
  };
}

/** The metadata belongs to its owner and is carried: its numbers stay as they are spelled. */
function metadataOf(result: string): { readonly metadata?: Json } {
  const metadata = membersAt(membersAt(result).get("config") ?? "{}").get("metadata");
  return metadata === undefined ? {} : { metadata: JSON.parse(metadata, keepSpelling) };
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
export const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
export const numberOf = (value: Json | undefined): number => (typeof value === "number" ? value : 0);
