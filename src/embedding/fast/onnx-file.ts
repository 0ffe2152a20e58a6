import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Type } from "protobufjs";
import { ConfigError } from "../../migration/errors.ts";

/** int64 of the file: a number where it fits, else the library's own type, written back as it was. */
export type Int64 = number | { toNumber(): number };

export interface OnnxTensor {
  name: string;
  dims: Int64[];
  /** Element type: see `ELEMENT`. */
  dataType: number;
  rawData: Uint8Array;
  externalData?: { key: string; value: string }[];
  dataLocation?: number;
}

interface OnnxAttribute {
  name: string;
  /** Which field holds the value: see `ATTRIBUTE`. */
  type: number;
  f?: number;
  i?: Int64;
  t?: OnnxTensor;
  ints?: Int64[];
}

export interface OnnxNode {
  name: string;
  opType: string;
  /** "" is the standard's own. */
  domain: string;
  input: string[];
  output: string[];
  attribute: OnnxAttribute[];
}

interface OnnxValue {
  name: string;
  type?: object;
}

interface OnnxGraph {
  name: string;
  node: OnnxNode[];
  initializer: OnnxTensor[];
  input: OnnxValue[];
  output: OnnxValue[];
  valueInfo: OnnxValue[];
}

export interface OnnxModel {
  irVersion: Int64;
  graph: OnnxGraph;
  opsetImport: { domain: string; version: Int64 }[];
}

/** TensorProto.DataType */
export const ELEMENT = { float: 1, uint8: 2, int8: 3, int64: 7 } as const;
/** AttributeProto.AttributeType */
export const ATTRIBUTE = { float: 1, int: 2, tensor: 4, ints: 7 } as const;

const EXTERNAL = 1;
// Smaller tensors stay in the graph's own file.
const EXTERNAL_BYTES_MIN = 4096;
// Data that starts at a page can be mapped and not copied.
const PAGE_BYTES = 4096;

/** The package is loaded here and not above: it is for a step done offline, no function needs it. */
async function schema(): Promise<Type> {
  const { default: protobuf } = await import("protobufjs");
  const text = await readFile(join(import.meta.dirname, "onnx.proto"), "utf8");
  return protobuf.parse(text).root.lookupType("ModelProto");
}

/**
 * Reads a graph with its weights inside.
 * @throws ConfigError when the file is no ONNX model.
 */
export async function readOnnx(path: string): Promise<OnnxModel> {
  const [type, bytes] = await Promise.all([schema(), readFile(path)]);
  try {
    // The schema beside this file is what `OnnxModel` says of it: the one place where that is asserted.
    const decoded: unknown = type.decode(bytes);
    const model = decoded as OnnxModel;
    if (model.graph === null || model.graph.node.length === 0) throw new Error("it holds no graph");
    return model;
  } catch (cause) {
    throw new ConfigError(`${path} is no ONNX model; fetch the model again.`, { cause });
  }
}

/** Writes a graph and its weights into one file. */
export async function writeOnnx(path: string, model: OnnxModel): Promise<void> {
  const type = await schema();
  await writeFile(path, type.encode(type.fromObject(model)).finish());
}

/**
 * Writes the graph to `path` and its weights to `dataFile` beside it, where the runtime maps them into memory
 * instead of copying them: cold start and memory fall by more than half.
 */
export async function writeOnnxWithData(path: string, dataFile: string, model: OnnxModel): Promise<void> {
  const pieces: Uint8Array[] = [];
  let offset = 0;
  const initializer = model.graph.initializer.map((tensor) => {
    if (tensor.rawData.length < EXTERNAL_BYTES_MIN) return tensor;
    const placed = external(tensor, dataFile, offset);
    const padding = -tensor.rawData.length & (PAGE_BYTES - 1);
    pieces.push(tensor.rawData, new Uint8Array(padding));
    offset += tensor.rawData.length + padding;
    return placed;
  });
  await writeFile(join(path, "..", dataFile), pieces);
  await writeOnnx(path, { ...model, graph: { ...model.graph, initializer } });
}

function external(tensor: OnnxTensor, location: string, offset: number): OnnxTensor {
  const entries = { location, offset: String(offset), length: String(tensor.rawData.length) };
  return {
    name: tensor.name,
    dims: tensor.dims,
    dataType: tensor.dataType,
    rawData: new Uint8Array(0),
    externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
    dataLocation: EXTERNAL,
  };
}
