import type { PointId } from "../../src/migration/ids.ts";
import type { Collection, Point, Vectors } from "./collection.ts";
import { noPoint, noVectorName } from "./fault.ts";
import { matches } from "./filter-match.ts";
import { isObject, type Json, type JsonObject, merged } from "./json.ts";
import { valuesAt, withMember } from "./json-path.ts";
import { emptyPayload, Payload } from "./payload.ts";
import type { Selector, Update, VectorsOfPoint } from "./update.ts";
import { checkLengths, storedVectors } from "./vector-input.ts";

type UpdateOf<Kind extends Update["kind"]> = Extract<Update, { kind: Kind }>;

/**
 * Does one update, wholly and at once. Returns the operation's number. Throws the real server's faults; like
 * there, some of them use up a number, and an update of several points that names a missing one has changed the
 * others.
 */
export function applyUpdate(collection: Collection, update: Update): number {
  if ("points" in update)
    for (const { vectors } of update.points) checkLengths(vectors, collection.specs, true);
  collection.operation += 1;
  change(collection, update);
  return collection.operation;
}

function change(collection: Collection, update: Update): void {
  switch (update.kind) {
    case "upsert":
      upsert(collection, update);
      break;
    case "update-vectors":
      updateVectors(collection, update);
      break;
    case "delete":
      for (const id of selectedIds(collection, update.selector)) collection.remove(id);
      break;
    case "delete-vectors":
      deleteVectors(collection, update);
      break;
    default:
      changePayloads(collection, update.selector, (payload) => changedPayload(payload, update));
  }
}

type PayloadUpdate = UpdateOf<"set-payload" | "overwrite-payload" | "delete-payload" | "clear-payload">;

function changedPayload(payload: JsonObject, update: PayloadUpdate): Json {
  switch (update.kind) {
    case "set-payload":
      return mergedAt(payload, update);
    case "overwrite-payload":
      return update.payload;
    case "delete-payload":
      return update.paths.reduce<Json>((rest, path) => withMember(rest, path, undefined), payload);
    case "clear-payload":
      return emptyPayload.tree;
    default:
      return update satisfies never;
  }
}

function upsert(collection: Collection, { points, mode, filter }: UpdateOf<"upsert">): void {
  // All vectors first: a bad one must not leave half of the points written.
  const vectors = points.map((point) => storedVectors(point.vectors, collection.specs));
  points.forEach(({ id, payload }, at) => {
    const before = collection.point(id);
    if (before === undefined ? mode === "update_only" : mode === "insert_only") return;
    // A point that is not there yet is inserted whatever the filter says: so does the real server.
    if (before !== undefined && !matches(filter, collection, before)) return;
    collection.put(id, collection.operation, payload, vectors[at] ?? new Map());
  });
}

function updateVectors(collection: Collection, { points, filter }: UpdateOf<"update-vectors">): void {
  const vectors = points.map((point) => storedVectors(point.vectors, collection.specs));
  let missing: PointId | undefined;
  points.forEach(({ id }: VectorsOfPoint, at) => {
    const point = collection.point(id);
    if (point === undefined) missing ??= id;
    else if (matches(filter, collection, point)) setVectors(collection, point, vectors[at] ?? new Map());
  });
  if (missing !== undefined) throw noPoint(missing);
}

function setVectors(collection: Collection, point: Point, vectors: Vectors): void {
  for (const [name, vector] of vectors) collection.store(name)?.set(point.slot, vector);
  collection.touch(point, collection.operation);
}

function deleteVectors(collection: Collection, { names, selector }: UpdateOf<"delete-vectors">): void {
  for (const name of names) if (!collection.specs.has(name)) throw noVectorName(name);
  for (const id of selectedIds(collection, selector)) {
    const point = collection.point(id);
    if (point === undefined) continue;
    for (const name of names) collection.store(name)?.delete(point.slot);
    collection.touch(point, collection.operation);
  }
}

function changePayloads(
  collection: Collection,
  selector: Selector,
  changed: (payload: JsonObject) => Json,
): void {
  let missing: PointId | undefined;
  for (const id of selectedIds(collection, selector)) {
    const point = collection.point(id);
    if (point === undefined) {
      missing ??= id;
      continue;
    }
    const tree = changed(point.payload.tree);
    collection.setPayload(point, collection.operation, isObject(tree) ? Payload.of(tree) : emptyPayload);
  }
  if (missing !== undefined) throw noPoint(missing);
}

/** The payload with the given members put in at the path, beside those that stand there. */
function mergedAt(payload: JsonObject, { payload: given, path }: UpdateOf<"set-payload">): Json {
  if (path.length === 0) return merged(payload, given);
  return withMember(payload, path, merged(valuesAt(payload, path)[0], given));
}

function selectedIds(collection: Collection, selector: Selector): PointId[] {
  if ("ids" in selector) return [...selector.ids];
  const selected: PointId[] = [];
  for (const point of collection.points())
    if (matches(selector.filter, collection, point)) selected.push(point.id);
  return selected;
}
