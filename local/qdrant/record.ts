import type { Collection, Point } from "./collection.ts";
import { isObject, type Json, type JsonObject, parseJson, writeJson } from "./json.ts";
import { Payload } from "./payload.ts";
import { parseIndex } from "./payload-index.ts";
import type { Vector } from "./vector.ts";

// A record's content: the length of its description (four bytes), the description as JSON, the vectors' values one
// after the other as they lie in memory. State, not requests: reading a log back repeats no request's work.

/** What a record says. Later records of the same thing replace earlier ones. */
export type RecordDescription =
  | {
      readonly kind: "collection";
      readonly name: string;
      readonly operation: number;
      readonly indexed: number;
      readonly config: string;
      readonly indexes: readonly string[];
    }
  | {
      readonly kind: "points";
      readonly name: string;
      readonly operation: number;
      readonly indexed: number;
      readonly removed: readonly string[];
      readonly points: readonly PointDescription[];
    }
  | { readonly kind: "drop"; readonly name: string }
  | { readonly kind: "aliases"; readonly aliases: readonly (readonly [string, string])[] };

/** id, version, payload as text, and of each vector its name, kind, number of values and row length. */
type PointDescription = readonly [string, number, string, readonly VectorDescription[]];
type VectorDescription = readonly [string, Vector["kind"], number, number];

export function encodeDescription(
  description: RecordDescription,
  values: readonly Uint8Array[] = [],
): Buffer {
  const text = Buffer.from(JSON.stringify(description));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text, ...values]);
}

export function encodeCollection(collection: Collection): Buffer {
  const indexes = [...collection.indexes.values()].map((index) =>
    writeJson([index.field, index.params ?? index.type]),
  );
  return encodeDescription({
    kind: "collection",
    name: collection.name,
    operation: collection.operation,
    indexed: collection.indexedVectors,
    config: writeJson(collection.config),
    indexes,
  });
}

/** The present state of some points; ids that are not there are recorded as removed. */
export function encodePoints(collection: Collection, ids: readonly string[]): Buffer {
  const points: PointDescription[] = [];
  const removed: string[] = [];
  const values: Uint8Array[] = [];
  for (const id of ids) {
    const point = collection.point(id);
    if (point === undefined) removed.push(id);
    else points.push(describePoint(collection, point, values));
  }
  const { name, operation, indexedVectors: indexed } = collection;
  return encodeDescription({ kind: "points", name, operation, indexed, removed, points }, values);
}

function describePoint(collection: Collection, point: Point, values: Uint8Array[]): PointDescription {
  const vectors = [...collection.vectorsOf(point)].map(([name, vector]): VectorDescription => {
    if (vector.kind === "sparse") values.push(bytesOf(vector.indices));
    values.push(bytesOf(vector.values));
    return [name, vector.kind, vector.values.length, vector.kind === "multi" ? vector.size : 0];
  });
  return [point.id, point.version, point.payload.text, vectors];
}

const bytesOf = (array: Float32Array | Uint32Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

export interface DecodedRecord {
  readonly description: RecordDescription;
  readonly values: Values;
}

/** Reads a record this server has written; its checksum was right, so its shape is trusted. */
export function decodeRecord(content: Buffer): DecodedRecord {
  const end = 4 + content.readUInt32LE(0);
  const description: RecordDescription = JSON.parse(content.toString("utf8", 4, end));
  return { description, values: new Values(content, end) };
}

/** The values behind a description, taken in the order in which they were written. */
export class Values {
  readonly #content: Buffer;
  #at: number;

  constructor(content: Buffer, start: number) {
    this.#content = content;
    this.#at = start;
  }

  vector([, kind, count, size]: VectorDescription): Vector {
    if (kind === "sparse")
      return { kind, indices: new Uint32Array(this.#take(count)), values: this.#floats(count) };
    return kind === "multi"
      ? { kind, size, values: this.#floats(count) }
      : { kind, values: this.#floats(count) };
  }

  #floats(count: number): Float32Array {
    return new Float32Array(this.#take(count));
  }

  // Copied, because typed arrays must begin at a multiple of four.
  #take(count: number): ArrayBuffer {
    const bytes = new Uint8Array(count * 4);
    bytes.set(this.#content.subarray(this.#at, this.#at + bytes.length));
    this.#at += bytes.length;
    return bytes.buffer;
  }
}

/** Brings a collection to what a record of points says. */
export function restorePoints(
  collection: Collection,
  record: Extract<RecordDescription, { kind: "points" }>,
  values: Values,
): void {
  collection.operation = record.operation;
  collection.indexedVectors = record.indexed;
  for (const id of record.removed) collection.remove(id);
  for (const [id, version, payload, vectors] of record.points) {
    const restored = vectors.map((description) => [description[0], values.vector(description)] as const);
    collection.put(id, version, new Payload(payload), new Map(restored));
  }
  collection.takeChanges();
}

/** Brings a collection's indexes to what a record says. */
export function restoreIndexes(collection: Collection, indexes: readonly string[]): void {
  const wanted = indexes.map((text) => parseJson(text)).map(parseEntry);
  for (const field of collection.indexes.keys())
    if (!wanted.some((entry) => entry.field === field)) collection.indexes.delete(field);
  for (const { field, schema } of wanted) {
    const before = collection.indexes.get(field);
    if (before !== undefined && writeJson(before.params ?? before.type) === writeJson(schema)) continue;
    collection.addIndex(parseIndex(field, schema, ""));
  }
}

function parseEntry(entry: Json): { field: string; schema: Json } {
  const [field, schema] = Array.isArray(entry) ? entry : [];
  return { field: typeof field === "string" ? field : "", schema: schema ?? null };
}

export function parseStoredConfig(text: string): JsonObject {
  const config = parseJson(text);
  return isObject(config) ? config : new Map();
}
