import type { Collection } from "./collection.ts";
import { objectAt } from "./collection-config.ts";
import { type Json, JsonNumber, writeJson } from "./json.ts";
import { writeIndex } from "./payload-index.ts";

const bytesPerKilobyte = 1000;

/**
 * The text of `GET /collections/{name}` → `result`. Always green: this server has no optimizer to wait for.
 * Two segments are what a small collection of a real server has.
 */
export function collectionInfo(collection: Collection): string {
  const optimizers = objectAt(collection.config, "optimizer_config");
  const queue = new Map<string, Json>([["length", number(0)]]);
  if (optimizers.get("prevent_unoptimized") === true) queue.set("deferred_points", number(0));
  const schema = new Map([...collection.indexes].map(([field, index]) => [field, writeIndex(index)]));
  return writeJson(
    new Map<string, Json>([
      ["status", "green"],
      ["optimizer_status", "ok"],
      ["indexed_vectors_count", number(Math.min(collection.indexedVectors, collection.count))],
      ["points_count", number(collection.count)],
      ["segments_count", number(2)],
      ["config", collection.config],
      ["payload_schema", schema],
      ["update_queue", queue],
    ]),
  );
}

const number = (value: number): JsonNumber => new JsonNumber(String(value));

/**
 * Says that the vectors are indexed now if a real server would have: when they take more kilobytes than
 * `indexing_threshold`, where 0 means never. There is no index here; callers wait for the number.
 */
export function noteIndexing(collection: Collection): void {
  const threshold = objectAt(collection.config, "optimizer_config").get("indexing_threshold");
  const limit = threshold instanceof JsonNumber ? threshold.value : 0;
  if (limit === 0) return;
  for (const [, store] of collection.stores()) {
    const kilobytes = (store.count * store.spec.size * Float32Array.BYTES_PER_ELEMENT) / bytesPerKilobyte;
    if (kilobytes > limit) collection.indexedVectors = Math.max(collection.indexedVectors, store.count);
  }
}
