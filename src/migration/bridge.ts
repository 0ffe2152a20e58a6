// The layout "bridge": the target holds the old vector under its old name beside the new one, so that readers who
// still embed with the old model go on working after the swap.
import { RefusedError } from "./errors.ts";
import { type BridgedVector, markOf } from "./metadata.ts";
import type { ModelContract } from "./model.ts";
import type { Plan } from "./plan.ts";
import type { CollectionInfo } from "./ports.ts";
import type { Request } from "./request.ts";
import { type DenseVector, denseVectors, sparseVectors } from "./schema.ts";

/** Every vector that goes over bit for bit, forward and, where the side that is read has it, backwards. */
export const carriedVectors = ({ layout, source, otherVectors }: Plan): readonly string[] =>
  layout === "bridge" ? [source.vectorName, ...otherVectors] : otherVectors;

// 1.18 can lose points when it replays its log after a vector was dropped, and dropping the old one is how a bridge ends.
const MINIMUM_VERSION = [1, 19] as const;

/** @throws RefusedError for a server that cannot drop a vector safely. */
export function refuseOldServer(version: string, what: string): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [needMajor, needMinor] = MINIMUM_VERSION;
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return;
  throw new RefusedError(
    `${what} needs Qdrant ${needMajor}.${needMinor} or newer, because older ones can lose points after a vector is dropped; this server is ${version}. Upgrade it first, or migrate with the layout replace. Nothing was changed.`,
    { fields: { version } },
  );
}

export interface NewVector {
  /** Name of the vector in the target. */
  readonly name: string;
  /** What the target's mark says of vectors that older models made. */
  readonly bridged: readonly BridgedVector[];
}

export interface NewVectorAsked {
  readonly request: Pick<Request, "layout" | "newVector">;
  readonly source: string;
  readonly info: CollectionInfo;
  /** The vector that is re-embedded. */
  readonly vector: DenseVector;
  readonly sourceContract: ModelContract | null;
  readonly contract: ModelContract;
  readonly version: string;
}

/** Name of the new vector, and what is remembered of the old ones. Without a bridge the name stays. */
export function planNewVector(asked: NewVectorAsked): NewVector {
  const { request, source, info, vector, contract } = asked;
  // What an earlier bridge left is carried, and stays what it was.
  const before = (markOf(info)?.bridged ?? []).filter((one) => one.vector !== vector.name);
  if (request.layout !== "bridge") return { name: vector.name, bridged: before };
  refuseOldServer(asked.version, "The layout bridge");
  const name = request.newVector ?? shortName(contract);
  const names = [...denseVectors(info).map((one) => one.name), ...sparseVectors(info)];
  if (names.includes(name))
    throw new RefusedError(
      `${source} has a vector ${JSON.stringify(name)} already, so the new one cannot have that name beside it; give another with "newVector". Nothing was changed.`,
      { fields: { collection: source } },
    );
  const old = { vector: vector.name, contract: asked.sourceContract, isDropped: false };
  return { name, bridged: [old, ...before] };
}

/** An earlier run's target is used again only when its vectors stand as this plan wants them. */
export function refuseOtherLayout(target: CollectionInfo | null, name: string, planned: NewVector): void {
  const mark = target === null ? null : markOf(target);
  if (mark === null) return;
  const layout = ({ vector, bridged }: { vector: string | null; bridged: readonly BridgedVector[] }) =>
    JSON.stringify([vector ?? planned.name, bridged.map((one) => one.vector)]);
  if (layout(mark) === layout({ vector: planned.name, bridged: planned.bridged })) return;
  throw new RefusedError(
    `Target ${name} exists with another layout of its vectors; it will not be written into. Pick another name with "target", or delete it yourself. Nothing was changed.`,
    { fields: { target: name } },
  );
}

/** `BAAI/bge-base-en-v1.5` → `bge-base-en-v1.5`. */
const shortName = ({ id }: ModelContract): string => id.slice(id.lastIndexOf("/") + 1);
