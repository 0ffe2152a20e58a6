import type { Vectors } from "./collection.ts";
import type { VectorSpec } from "./collection-config.ts";
import { normalise } from "./distance.ts";
import { fault, formatFault, noVectorName, unsupported, validationFault } from "./fault.ts";
import { elementsOf, isObject, type Json, JsonNumber, JsonNumbers, type JsonObject } from "./json.ts";
import type { SparseVector, Vector } from "./vector.ts";

/** A vector as it stands in a request, before anybody looked at the collection. */
export type VectorInput =
  | { readonly kind: "dense"; readonly numbers: readonly number[] }
  | { readonly kind: "multi"; readonly rows: readonly (readonly number[])[] }
  | { readonly kind: "sparse"; readonly indices: readonly number[]; readonly values: readonly number[] };

export type VectorInputs = ReadonlyMap<string, VectorInput>;

/** Reads the `vector` of a point: an array (the unnamed vector) or an object of named ones. */
export function parseVectorInputs(value: Json, where: string): VectorInputs {
  if (isObject(value) && !value.has("text")) {
    return new Map([...value].map(([name, vector]) => [name, parseNamed(vector, `${where}.?`)]));
  }
  return new Map([["", parseNamed(value, where)]]);
}

function parseNamed(value: Json, where: string): VectorInput {
  const input = parseVectorInput(value, where);
  if (input === undefined) throw formatFault("data did not match any variant of untagged enum VectorStruct");
  return input;
}

/** Reads one vector; undefined when it is none. `where` names it in validation messages. */
export function parseVectorInput(value: Json, where: string): VectorInput | undefined {
  if (isObject(value)) return parseSparse(value, where);
  const numbers = numbersOf(value);
  if (numbers !== undefined) {
    if (numbers.length === 0) throw validationFault(`${where}.vector: dense vector must not be empty`);
    return { kind: "dense", numbers };
  }
  const rows = elementsOf(value)?.map(numbersOf);
  if (rows === undefined || !rows.every((row) => row !== undefined)) return undefined;
  if (rows.some((row) => row.length !== rows[0]?.length || row.length === 0)) {
    throw validationFault(`${where}.vector: all vectors must have the same non-zero length`);
  }
  return { kind: "multi", rows };
}

function parseSparse(value: JsonObject, where: string): VectorInput | undefined {
  if (value.has("text") || value.has("image") || value.has("object"))
    throw unsupported("inference (vectors made from text by the server)");
  const indices = numbersOf(value.get("indices"));
  const values = numbersOf(value.get("values"));
  if (indices === undefined || values === undefined) return undefined;
  if (indices.length !== values.length) {
    throw validationFault(`${where}.values: Validation error: must be the same length as indices [{}]`);
  }
  if (new Set(indices).size !== indices.length) {
    throw validationFault(`${where}.indices: Validation error: must be unique [{}]`);
  }
  return { kind: "sparse", indices, values };
}

function numbersOf(value: Json | undefined): readonly number[] | undefined {
  if (value instanceof JsonNumbers) return value.numbers;
  if (!Array.isArray(value)) return undefined;
  const numbers: number[] = [];
  for (const element of value) {
    if (!(element instanceof JsonNumber)) return undefined;
    numbers.push(element.value);
  }
  return numbers;
}

/**
 * Refuses a wrong length. The real server checks this before it numbers the operation, everything else after.
 * Unknown names are left to `storedVectors`. `isNamed` adds the vector's name to the message, as for points there.
 */
export function checkLengths(
  inputs: VectorInputs,
  specs: ReadonlyMap<string, VectorSpec>,
  isNamed: boolean,
): void {
  for (const [name, input] of inputs) {
    const spec = specs.get(name);
    if (spec === undefined || spec.kind === "sparse" || input.kind === "sparse") continue;
    const length = input.kind === "dense" ? input.numbers.length : (input.rows[0]?.length ?? 0);
    if (length === spec.size) continue;
    const suffix = isNamed && name !== "" ? ` for vector '${name}'` : "";
    throw fault(
      400,
      `Wrong input: Vector dimension error: expected dim: ${spec.size}, got ${length}${suffix}`,
    );
  }
}

/** The vectors as they are stored: float32, of length 1 under Cosine. */
export function storedVectors(inputs: VectorInputs, specs: ReadonlyMap<string, VectorSpec>): Vectors {
  const vectors = new Map<string, Vector>();
  for (const [name, input] of inputs) {
    const spec = specs.get(name);
    if (spec === undefined) throw noVectorName(name);
    // An empty sparse vector is the same as none.
    if (input.kind === "sparse" && input.indices.length === 0 && spec.kind === "sparse") continue;
    vectors.set(name, storedVector(input, spec));
  }
  return vectors;
}

export function storedVector(input: VectorInput, spec: VectorSpec): Vector {
  if ((input.kind === "sparse") !== (spec.kind === "sparse")) throw conversionFault("sparse");
  if (input.kind === "sparse") return storedSparse(input.indices, input.values);
  if (spec.kind === "dense") {
    if (input.kind === "multi") throw conversionFault("multi");
    return { kind: "dense", values: storedRow(input.numbers, spec) };
  }
  const rows = input.kind === "multi" ? input.rows : [input.numbers];
  const values = new Float32Array(rows.length * spec.size);
  rows.forEach((row, at) => {
    values.set(storedRow(row, spec), at * spec.size);
  });
  return { kind: "multi", size: spec.size, values };
}

const conversionFault = (kind: "sparse" | "multi") =>
  fault(400, `Wrong input: Conversion between ${kind} and regular vectors failed`);

function storedSparse(indices: readonly number[], values: readonly number[]): SparseVector {
  // The one recorded point with indices out of order was refused with these words.
  if (indices.some((index, at) => at > 0 && index < (indices[at - 1] ?? 0))) throw conversionFault("sparse");
  return { kind: "sparse", indices: Uint32Array.from(indices), values: Float32Array.from(values) };
}

function storedRow(numbers: readonly number[], spec: VectorSpec): Float32Array {
  const values = Float32Array.from(numbers);
  if (spec.distance === "Cosine") normalise(values);
  if (spec.datatype === "float16") return Float32Array.from(Float16Array.from(values));
  if (spec.datatype === "uint8") return values.map((value) => Math.min(255, Math.max(0, Math.trunc(value))));
  return values;
}
