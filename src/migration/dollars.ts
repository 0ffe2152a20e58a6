// What AWS bills for a run, part by part, by its list prices (us-east-1, x86-64, no free tier).
import { DEFAULTS } from "../defaults.ts";

export interface Work {
  /** Milliseconds of embedders. */
  readonly ms: number;
  readonly pages: number;
  /** Points read and compared. */
  readonly points: number;
  /** Bytes written to Qdrant. */
  readonly bytes: number;
}

export interface CostPart {
  readonly name: string;
  readonly usd: number;
}

const MILLION = 1e6;
const GB = 1e9;

/** Parts of the bill; traffic by the internet's price, which is more than a cluster in the same region costs. */
export function costParts({ ms, pages, points, bytes }: Work): readonly CostPart[] {
  const { prices } = DEFAULTS;
  return [
    { name: EMBEDDERS, usd: (ms / 1000) * DEFAULTS.embedderGiB * prices.gibSecond },
    { name: "Lambda, everything else", usd: (points / MILLION) * prices.otherFunctionsMillionPoints },
    { name: "Queue (SQS)", usd: (pages * DEFAULTS.queueRequestsPerPage * prices.queueMillion) / MILLION },
    {
      name: "Ledger (S3)",
      usd:
        (pages *
          (DEFAULTS.ledgerWritesPerPage * prices.writeMillion +
            DEFAULTS.ledgerReadsPerPage * prices.readMillion)) /
        MILLION,
    },
    {
      name: "Workflow (Step Functions)",
      usd: (DEFAULTS.transitionsPerRun * prices.transitionMillion) / MILLION,
    },
    { name: TRAFFIC, usd: (bytes / GB) * prices.trafficGb },
  ];
}

const EMBEDDERS = "Lambda, embedders";
const TRAFFIC = "Traffic to Qdrant, over the internet";

export const dollarsOf = (parts: readonly CostPart[]): number => parts.reduce((sum, { usd }) => sum + usd, 0);

export interface CostRange {
  readonly name: string;
  readonly low: number;
  readonly high: number;
}

/** The least and the most of each part, where the embedders' time is known within factors. */
export const costRanges = (work: Work, factors: { readonly low: number; readonly high: number }) =>
  costParts(work).map(({ name, usd }): CostRange => {
    if (name === EMBEDDERS) return { name, low: usd * factors.low, high: usd * factors.high };
    // In one region, or by a private endpoint, traffic costs nothing or a cent.
    return { name, low: name === TRAFFIC ? 0 : usd, high: usd };
  });

/** Bytes of a point as it travels to Qdrant: so many numbers of vectors, and its payload. */
export const travelBytes = (numbers: number, payloadBytes: number): number =>
  numbers * DEFAULTS.bytesPerNumber + payloadBytes;
