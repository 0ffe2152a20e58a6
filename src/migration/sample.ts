// A look at real texts with the real model, before anything is planned: is there text, which model made the
// stored vectors, and how long will it take.
import { DEFAULTS } from "../defaults.ts";
import { ConfigError } from "./errors.ts";
import { markedVector, markOf } from "./metadata.ts";
import type { ModelContract } from "./model.ts";
import type { SourceProof } from "./plan.ts";
import type {
  Clock,
  CollectionInfo,
  Embedded,
  Embedder,
  KeyDescription,
  Models,
  Point,
  Qdrant,
  Recognition,
} from "./ports.ts";
import type { Request } from "./request.ts";
import { chooseVector, unsizedVectors } from "./schema.ts";
import { keysOf, textOf } from "./text.ts";
import { cosine, countNumbers, vectorNumbers } from "./vector.ts";

export interface Sample {
  /** Model of the new vectors. */
  readonly contract: ModelContract;
  /** Absent in samples that an earlier version took. */
  readonly recognition?: Recognition;
  readonly sourceContract: ModelContract | null;
  readonly proof: SourceProof;
  /** Points looked at, and those that had text. */
  readonly points: number;
  readonly withText: number;
  /** Payload keys seen, with the share of points that have them. */
  readonly keys: readonly { readonly key: string; readonly share: number }[];
  /** Of the texts that were embedded. */
  readonly texts: number;
  readonly truncated: number;
  readonly tokens: number;
  readonly ms: number;
  /** Bytes a point, on average: of its payload, and of sparse vectors and multivectors. Absent in older samples. */
  readonly payloadBytes?: number;
  readonly otherBytes?: number;
  /** The embedders' API key, which the planner does not hold. */
  readonly key: KeyDescription;
}

export interface SampleOutside {
  readonly qdrant: Qdrant;
  readonly models: Models;
  readonly clock: Clock;
}

export async function takeSample(outside: SampleOutside, request: Request, source: string): Promise<Sample> {
  const { qdrant, models, clock } = outside;
  const info = await qdrant.collection(source);
  if (info === null)
    throw new ConfigError(`Collection ${source} does not exist any more. Nothing was changed.`);
  const vector = chooseVector(source, info, request.vector ?? markedVector(info));
  const ids = await qdrant.sampleIds(source, DEFAULTS.samplePoints);
  const points = await qdrant.retrieve(source, ids, { vectors: true });
  const texts = points.flatMap((point) => {
    const text = textOf(point.payload, request);
    return "text" in text ? [{ point, text: text.text }] : [];
  });
  const embedder = await models.open(request.model);
  const chosen = texts.slice(0, DEFAULTS.sampleTexts);
  const timed = await timeEmbedding(
    embedder,
    chosen.map(({ text }) => text),
    clock,
  );
  const { sourceContract, proof } = await proveSource(models, request, { info, name: vector.name, chosen });
  return {
    contract: embedder.contract,
    recognition: await embedder.recognize(),
    sourceContract,
    proof,
    points: points.length,
    withText: texts.length,
    keys: keysOf(points.map(({ payload }) => payload)),
    ...timed,
    ...sizesOf(points, unsizedVectors(info)),
    key: await qdrant.keyDescription(),
  };
}

function sizesOf(points: readonly Point[], unsized: readonly string[]) {
  const mean = (sizeOf: (point: Point) => number) =>
    points.length === 0 ? 0 : points.reduce((sum, point) => sum + sizeOf(point), 0) / points.length;
  return {
    payloadBytes: mean(({ payload }) => Buffer.byteLength(payload)),
    // Float32 numbers, and a sparse vector's indices are as long.
    otherBytes: mean(({ vectors }) => 4 * countNumbers(vectors, unsized)),
  };
}

/** The first call may still be loading the model, so one text goes ahead of the timed ones. */
async function timeEmbedding(embedder: Embedder, texts: readonly string[], clock: Clock) {
  if (texts.length === 0) return { texts: 0, truncated: 0, tokens: 0, ms: 0 };
  await embedder.embed(texts.slice(0, 1), "passage");
  const startedAt = clock.now();
  const made = await embedder.embed(texts, "passage");
  const good = made.flatMap((one) => (one.ok ? [one] : []));
  return {
    texts: texts.length,
    truncated: good.filter(({ tokensLost }) => tokensLost > 0).length,
    tokens: good.reduce((sum, { tokens }) => sum + tokens, 0),
    ms: Math.max(1, clock.now() - startedAt),
  };
}

interface Stored {
  readonly info: CollectionInfo;
  readonly name: string;
  readonly chosen: readonly { readonly point: Point; readonly text: string }[];
}

/** The source's model is proven, not assumed: texts embedded with it must give the vectors that are stored. */
async function proveSource(
  models: Models,
  request: Request,
  stored: Stored,
): Promise<{ readonly sourceContract: ModelContract | null; readonly proof: SourceProof }> {
  const marked = markedContract(stored);
  const model = request.sourceModel ?? marked?.id ?? DEFAULTS.sourceModel;
  const none = (says: string, compared = 0, meanCosine: number | null = null) => ({
    sourceContract: null,
    proof: { model, compared, meanCosine, proven: false, says: `${says} ${FALLS_AWAY}` },
  });
  const opened = await openSource(models, request, marked);
  if (typeof opened === "string") return none(opened);
  const made = await opened.embed(
    stored.chosen.map(({ text }) => text),
    "passage",
  );
  const cosines = stored.chosen.flatMap(({ point }, index) =>
    cosineToStored(point, made[index], stored.name),
  );
  if (cosines.length === 0) return none(`No stored vector could be compared with model ${model}.`);
  const mean = cosines.reduce((sum, one) => sum + one, 0) / cosines.length;
  const agreeing = cosines.filter((one) => one >= DEFAULTS.provenCosine).length;
  const agreed = `${agreeing} of ${cosines.length} texts embedded again with ${model} agree with their stored vectors (mean cosine ${mean.toFixed(4)})`;
  // Not the mean: memories whose text was patched without a new vector say nothing about the model of the others.
  if (agreeing <= cosines.length / 2)
    return none(`${agreed}: another model made them.`, cosines.length, mean);
  const proof = {
    model,
    compared: cosines.length,
    meanCosine: mean,
    proven: true,
    says: `${agreed}: proven.`,
  };
  return { sourceContract: opened.contract, proof };
}

/** What the metadata says of the vector: it is the new model's, or a bridge keeps it of an older one. */
function markedContract({ info, name }: Stored): ModelContract | null {
  const mark = markOf(info);
  if (mark === null) return null;
  const bridged = mark.bridged.find(({ vector }) => vector === name);
  return bridged === undefined ? mark.contract : bridged.contract;
}

const FALLS_AWAY =
  "Without the old model, new memories cannot be embedded back into the old collection, and old and new search cannot be compared.";

/** The source's model, or a sentence why it cannot be had. */
async function openSource(
  models: Models,
  request: Request,
  marked: ModelContract | null,
): Promise<Embedder | string> {
  const name = request.sourceModel ?? DEFAULTS.sourceModel;
  if (request.sourceModel === null && marked !== null)
    return (
      (await models.openContract(marked)) ??
      `The source's metadata names model ${marked.id}, whose files are not here.`
    );
  try {
    return await models.open(name);
  } catch (error) {
    // Only a model nobody asked for may be absent.
    if (!(error instanceof ConfigError) || request.sourceModel !== null) throw error;
    return `The source does not say which model made its vectors, and ${name} is not here to be tried.`;
  }
}

function cosineToStored(point: Point, made: Embedded | undefined, name: string): readonly number[] {
  const stored = vectorNumbers(point.vectors, name);
  if (stored === null || made === undefined || !made.ok) return [];
  return [stored.length === made.vector.length ? cosine(stored, made.vector) : 0];
}
