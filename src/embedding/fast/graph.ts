import {
  ATTRIBUTE,
  ELEMENT,
  type Int64,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
} from "./onnx-file.ts";

/** Operators that are the runtime's own. */
export const RUNTIME_DOMAIN = "com.microsoft";

type AttributeValue = number | readonly number[];

interface NodeOptions {
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

export const numberOf = (value: Int64): number => (typeof value === "number" ? value : value.toNumber());

/** A graph that is being rewritten: looked up by name, added to, and put in order at the end. */
export interface GraphEditor {
  readonly model: OnnxModel;
  /** The constant of this name, or undefined when it is computed. */
  constant(name: string): OnnxTensor | undefined;
  producer(name: string): OnnxNode | undefined;
  consumers(name: string): readonly OnnxNode[];
  /** Adds a node with one output and returns the output's name. */
  add(opType: string, input: readonly string[], options?: NodeOptions): string;
  /** Adds a constant once a name and returns the name. */
  addConstant(name: string, data: ConstantData, dims: readonly number[]): string;
  /** Lets every reader of `from` read `to` instead, except `but`. */
  redirect(from: string, to: string, but?: readonly OnnxNode[]): void;
}

type ConstantData = Float32Array | Int8Array | Uint8Array | BigInt64Array;

export function editGraph(model: OnnxModel): GraphEditor {
  const { graph } = model;
  const constants = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const taken = new Set(graph.node.flatMap((node) => node.output));
  let added = 0;
  const freshName = (opType: string): string => {
    const name = `remaster/${opType}_${added++}`;
    return taken.has(name) ? freshName(opType) : name;
  };
  return {
    model,
    constant: (name) => constants.get(name),
    producer: (name) => graph.node.find((node) => node.output.includes(name)),
    consumers: (name) => graph.node.filter((node) => node.input.includes(name)),
    add(opType, input, { domain = "", attributes = {} } = {}) {
      const output = freshName(opType);
      const attribute = Object.entries(attributes).map(([name, value]) => encodeAttribute(name, value));
      graph.node.push({ name: output, opType, domain, input: [...input], output: [output], attribute });
      return output;
    },
    addConstant(name, data, dims) {
      if (!constants.has(name)) {
        const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
        const tensor: OnnxTensor = { name, dims: [...dims], dataType: elementOf(data), rawData };
        constants.set(name, tensor);
        graph.initializer.push(tensor);
      }
      return name;
    },
    redirect(from, to, but = []) {
      for (const node of graph.node)
        if (!but.includes(node)) node.input = node.input.map((name) => (name === from ? to : name));
    },
  };
}

function encodeAttribute(name: string, value: AttributeValue) {
  if (typeof value !== "number") return { name, type: ATTRIBUTE.ints, ints: [...value] };
  return { name, type: ATTRIBUTE.int, i: value };
}

function elementOf(data: ConstantData): number {
  if (data instanceof Float32Array) return ELEMENT.float;
  if (data instanceof Int8Array) return ELEMENT.int8;
  return data instanceof Uint8Array ? ELEMENT.uint8 : ELEMENT.int64;
}

/** Elements of a float32 constant; undefined for any other. The copy is aligned, the file's bytes need not be. */
export function floatsOf(tensor: OnnxTensor): Float32Array | undefined {
  if (tensor.dataType !== ELEMENT.float || tensor.rawData.length === 0) return undefined;
  return new Float32Array(Uint8Array.from(tensor.rawData).buffer);
}

/** Removes what no output needs, and puts every node behind those it reads from. */
export function tidyGraph({ graph }: OnnxModel): void {
  const producers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const ordered = new Set<OnnxNode>();
  const used = new Set<string>();
  // Depth first without recursion: a chain of hundreds of nodes is usual.
  const stack = graph.output.map(({ name }) => ({ node: producers.get(name), next: 0 }));
  const entered = new Set<OnnxNode>();
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const { node } = top;
    const input = node?.input[top.next++];
    if (node === undefined || input === undefined) {
      if (node !== undefined) ordered.add(node);
      stack.pop();
      continue;
    }
    used.add(input);
    const producer = producers.get(input);
    if (producer === undefined || entered.has(producer)) continue;
    entered.add(producer);
    stack.push({ node: producer, next: 0 });
  }
  graph.node = [...ordered];
  graph.initializer = graph.initializer.filter(({ name }) => used.has(name));
  // Shapes that were noted for values of the old graph.
  graph.valueInfo = [];
}
