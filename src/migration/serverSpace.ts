// What the second collection asks of Qdrant until cleanup: memory and disk, part by part from its configuration.
import { DEFAULTS } from "../defaults.ts";
import { isObject, isSet, objectOf } from "./configuration.ts";
import type { Json, JsonObject } from "./ports.ts";

/** Mebibytes. */
export interface Span {
  readonly low: number;
  readonly high: number;
}

export interface ServerSpace {
  /** What has to stay in memory; `high` with Qdrant's own reserve for building. */
  readonly memoryMiB: Span;
  /** `high` while segments are written anew beside the old ones. */
  readonly diskMiB: Span;
  /** Largest first; over all replicas. */
  readonly parts: readonly { readonly name: string; readonly mib: number; readonly isInMemory: boolean }[];
}

/** What is going to lie, or lies, in the collection. */
export interface Load {
  readonly points: number;
  /** Points that get a vector of the new model: those with text. */
  readonly embedded: number;
  /** Name of that vector; "" is the unnamed one. */
  readonly newVector: string;
  /** Bytes of a point's payload, and of its sparse vectors and multivectors, on average. */
  readonly payloadBytes: number;
  readonly otherBytes: number;
}

interface Part {
  readonly name: string;
  readonly bytes: number;
  readonly isInMemory: boolean;
}

const MIB = 1024 * 1024;

// Bytes of one number of a dense vector.
const NUMBER_BYTES: Readonly<Record<string, number>> = { float32: 4, float16: 2, uint8: 1 };

/**
 * @param create body of `PUT /collections/{name}`, as the plan holds it
 * @see https://qdrant.tech/documentation/guides/capacity-planning/ for the rule: numbers × 4 bytes × 1.5
 */
export function serverSpace(create: JsonObject, load: Load): ServerSpace {
  const copies = numberOf(create.replication_factor) ?? 1;
  const parts = partsOf(create, load)
    .filter(({ bytes }) => bytes > 0)
    .map((part) => ({ ...part, bytes: part.bytes * copies }))
    .sort((a, b) => b.bytes - a.bytes);
  const all = sum(parts);
  const inMemory = sum(parts.filter(({ isInMemory }) => isInMemory));
  const wal = walBytes(create) * copies;
  return {
    memoryMiB: { low: inMemory / MIB, high: (inMemory * DEFAULTS.memoryFactor) / MIB },
    diskMiB: { low: (all + wal) / MIB, high: (all * DEFAULTS.diskFactor + 2 * wal) / MIB },
    parts: parts.map(({ name, bytes, isInMemory }) => ({ name, mib: bytes / MIB, isInMemory })),
  };
}

function partsOf(create: JsonObject, load: Load): readonly Part[] {
  const { points, payloadBytes, otherBytes } = load;
  return [
    ...denseConfigs(create).flatMap(([name, config]) => denseParts({ create, name, config }, load)),
    { name: "sparse vectors and multivectors", bytes: points * otherBytes, isInMemory: true },
    {
      name: "payloads",
      bytes: points * payloadBytes,
      isInMemory: isResident(create.payload, create.on_disk_payload === false),
    },
    { name: "ids and versions", bytes: points * DEFAULTS.idBytes, isInMemory: true },
  ];
}

/** Configurations of the dense vectors by name, but those of multivectors: their number a point is not set down. */
function denseConfigs({ vectors }: JsonObject): readonly (readonly [string, JsonObject])[] {
  if (!isObject(vectors)) return [];
  const named = isSet(vectors.size) ? { "": vectors } : vectors;
  return Object.entries(named).flatMap(([name, config]) =>
    isObject(config) && !isSet(config.multivector_config) ? [[name, config] as const] : [],
  );
}

interface Dense {
  readonly create: JsonObject;
  readonly name: string;
  readonly config: JsonObject;
}

function denseParts({ create, name, config }: Dense, { points, embedded, newVector }: Load): readonly Part[] {
  const count = name === newVector ? embedded : points;
  const size = numberOf(config.size) ?? 0;
  const graph = { ...objectOf(create.hnsw_config), ...objectOf(config.hnsw_config) };
  const quantization = isSet(config.quantization_config)
    ? config.quantization_config
    : create.quantization_config;
  const isInMemory = isResident(config, config.on_disk !== true);
  const label = name === "" ? "" : ` ${JSON.stringify(name)}`;
  const { ratio, used } = quantized(quantization);
  return [
    {
      name: `vectors${label}`,
      bytes: count * size * (NUMBER_BYTES[String(config.datatype)] ?? 4),
      isInMemory,
    },
    {
      name: `quantized vectors${label}`,
      bytes: count * size * 4 * ratio,
      isInMemory: isResident(used, isInMemory || used.always_ram === true),
    },
    {
      name: `graph${label}`,
      // The lowest level has two times m links of four bytes; the others together are a few per cent of it.
      bytes: count * 2 * (numberOf(graph.m) ?? DEFAULTS.hnswLinks) * 4,
      isInMemory: isResident(graph, graph.on_disk !== true),
    },
  ];
}

/** Where a part says where it is kept (`memory`), that goes before its older switches. */
function isResident(part: Json | undefined, otherwise: boolean): boolean {
  const { memory } = objectOf(part);
  return typeof memory === "string" ? memory !== "cold" : otherwise;
}

// Shares of a float32 vector's bytes.
const BINARY: Readonly<Record<string, number>> = { one_bit: 1, one_and_half_bits: 1.5, two_bits: 2 };
const TURBO: Readonly<Record<string, number>> = { bits1: 1, bits1_5: 1.5, bits2: 2, bits4: 4 };

function quantized(config: Json | undefined): { readonly ratio: number; readonly used: JsonObject } {
  const { scalar, product, binary, turbo } = objectOf(config);
  if (isObject(scalar)) return { ratio: 1 / 4, used: scalar };
  if (isObject(product))
    return { ratio: 1 / Number(String(product.compression).replace("x", "")), used: product };
  if (isObject(binary)) return { ratio: (BINARY[String(binary.encoding)] ?? 1) / 32, used: binary };
  if (isObject(turbo)) return { ratio: (TURBO[String(turbo.bits)] ?? 4) / 32, used: turbo };
  return { ratio: 0, used: {} };
}

/** A log of its full capacity a shard, from the first point on. */
function walBytes(create: JsonObject): number {
  const capacity = numberOf(objectOf(create.wal_config).wal_capacity_mb) ?? DEFAULTS.walCapacityMiB;
  return capacity * MIB * (numberOf(create.shard_number) ?? 1);
}

const numberOf = (value: Json | undefined): number | null => (typeof value === "number" ? value : null);
const sum = (parts: readonly Part[]): number => parts.reduce((total, { bytes }) => total + bytes, 0);

/** A sentence of ranges for a person. */
export function spaceText({ memoryMiB, diskMiB }: ServerSpace): string {
  return `Qdrant needs ${rangeText(memoryMiB)} MiB more memory and ${rangeText(diskMiB)} MiB more disk until cleanup`;
}

const rangeText = ({ low, high }: Span): string => {
  const [least, most] = [Math.ceil(low), Math.ceil(high)];
  return least === most ? `${most}` : `${least} to ${most}`;
};
