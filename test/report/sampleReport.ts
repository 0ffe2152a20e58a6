// A whole report with every part filled in, made the way the gate makes one.
import type { ModelContract } from "../../src/migration/model.ts";
import { compareQuality, type Quality, type RankedQuery } from "../../src/migration/quality.ts";
import { type Random, seededRandom } from "../../src/migration/random.ts";
import { makeReport, type Report } from "../../src/migration/report.ts";
import { searchesOf, withTexts } from "../../src/migration/searches.ts";
import { translateThresholds } from "../../src/migration/thresholds.ts";

const STARTED_AT = Date.UTC(2026, 2, 3, 9, 0, 0);
const MINUTE = 60_000;

const sha = (digit: string): string => digit.repeat(64);

export const OLD_CONTRACT: ModelContract = {
  id: "sentence-transformers/all-MiniLM-L6-v2",
  revision: "c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
  files: { "model.onnx": sha("a") },
  dimensions: 384,
  maxTokens: 256,
  pooling: "mean",
  normalized: true,
  queryPrefix: "",
  passagePrefix: "",
  fingerprint: sha("1"),
};

export const NEW_CONTRACT: ModelContract = {
  ...OLD_CONTRACT,
  id: "BAAI/bge-base-en-v1.5",
  revision: "a5beb1e3e68b9ab74eb54cfd186867f64f240e1a",
  files: { "model.onnx": sha("b") },
  dimensions: 768,
  maxTokens: 512,
  pooling: "cls",
  queryPrefix: "Represent this sentence for searching relevant passages: ",
  fingerprint: sha("2"),
};

/** Ten answers of which each relevant one is found with the given chance. */
function ranking(chance: number, random: Random): string[] {
  return Array.from({ length: 10 }, (_, rank) =>
    random() < chance ? String(rank + 1) : String(1000 + rank),
  );
}

const RELEVANT = Object.fromEntries(Array.from({ length: 10 }, (_, rank) => [String(rank + 1), 1]));

/** Queries of which the old model answers 45 % and the new one `chance`. */
export function rankedQueries(count: number, chance: number): RankedQuery[] {
  const random = seededRandom(7);
  return Array.from({ length: count }, (_, query) => ({
    id: `query-${query + 1}`,
    relevant: RELEVANT,
    old: ranking(0.45, random),
    new: ranking(chance, random),
  }));
}

export const sampleQuality = (chance = 0.6): Quality =>
  compareQuality({
    kind: "labelled",
    queries: rankedQueries(120, chance),
    sameModel: false,
    annRecall: 0.987,
    embedMs: { old: { p50: 4.1, p95: 7.9 }, new: { p50: 17.3, p95: 31.2 } },
    searchMs: { old: { p50: 1.1, p95: 2.4 }, new: { p50: 1.6, p95: 3.3 } },
  });

/** Scores of 2,000 pairs: the old ones spread around 0.2, the new ones crowded above 0.5. */
function sampleThresholds() {
  const random = seededRandom(11);
  const meaning = Array.from({ length: 2000 }, () => (random() + random() + random()) / 3);
  return translateThresholds({
    oldScores: meaning.map((value) => value * 1.1 - 0.25 + random() * 0.1),
    newScores: meaning.map((value) => 0.42 + value * 0.5 + random() * 0.05),
  });
}

function sampleThroughput(): { at: number; pointsPerSecond: number }[] {
  const random = seededRandom(3);
  return Array.from({ length: 40 }, (_, bucket) => ({
    at: STARTED_AT + 2 * MINUTE + bucket * MINUTE,
    pointsPerSecond: 60 + random() * 14 - (bucket > 24 && bucket < 29 ? 45 : 0),
  }));
}

const LONG_MEMORY = "Her favourite tea is Longjing, without sugar, in the morning. ";

const TIMELINE = [
  { phase: "planned", at: STARTED_AT },
  { phase: "backfill", at: STARTED_AT + 2 * MINUTE },
  { phase: "catch-up", at: STARTED_AT + 42 * MINUTE },
  { phase: "ready", at: STARTED_AT + 47 * MINUTE },
] as const;

const PARTS: Partial<Omit<Report, "verdict" | "v">> = {
  revision: "0.1.0",
  next: {
    what: "Switch the alias. Readers get the new collection with their next request; the way back stays open for 72 hours.",
    input: { action: "cutover", collection: "whisperengine_memory_elena" },
    command: "npx remaster cutover --collection whisperengine_memory_elena",
  },
  skipped: [
    { reason: "text is empty or blank", count: 31, ids: ["17", "9007199254740993", "18446744073709551615"] },
    { reason: "text is missing", count: 5, ids: ["5f0c1c1e-6f7a-4a5b-9d6e-0b7c8d9e0f10"] },
  ],
  truncation: {
    texts: 154_964,
    newOver: 310,
    newTokensLost: 41_870,
    sample: { texts: 200, old: { over: 6, tokensLost: 1137 }, new: { over: 1, tokensLost: 54 } },
  },
  thresholds: sampleThresholds(),
  throughput: sampleThroughput(),
  forecast: [
    { name: "Time", unit: "s", forecast: { low: 2100, high: 3400 }, actual: 2820 },
    { name: "Cost", unit: "USD", forecast: { low: 0.9, high: 1.6 }, actual: 1.27 },
    { name: "Extra disk at Qdrant", unit: "B", forecast: { low: 4.6e8, high: 7.2e8 }, actual: 7.9e8 },
    { name: "Extra memory at Qdrant", unit: "B", forecast: { low: 4.6e8, high: 7.2e8 }, actual: null },
  ],
  cost: [
    { name: "Lambda", usd: 1.21 },
    { name: "Queue, workflow and ledger", usd: 0.06 },
  ],
  timeline: TIMELINE,
  guarantees: [
    { writer: "put", guarantee: "Exact: written by Remaster to both collections." },
    { writer: "touch", guarantee: "Exact with the fence: read again after the last write." },
    { writer: "unannounced", guarantee: "Equal up to the writes of the last pass; the audit lists them." },
  ],
  hashes: { plan: sha("c"), request: sha("d"), records: sha("e") },
  approvals: [
    {
      at: STARTED_AT + 50 * MINUTE,
      action: "cutover",
      by: "Mara Lindt",
      why: "looked at the ten worst queries",
      override: false,
    },
  ],
  searches: withTexts(searchesOf(sampleQuality()), {
    query: () => "what tea does she like",
    memory: (id) => (Number(id) < 1000 ? LONG_MEMORY.repeat(Number(id)) : "what do you like to do"),
  }),
};

/** A green report of a large collection; `changes` replace parts. */
export const sampleReport = (changes: Partial<Omit<Report, "verdict" | "v">> = {}): Report =>
  makeReport(
    {
      migration: "whisperengine_memory_elena-20260303-090000",
      at: STARTED_AT + 51 * MINUTE,
      source: "whisperengine_memory_elena_v1",
      target: "whisperengine_memory_elena_768d",
      aliases: ["whisperengine_memory_elena"],
      phase: "ready",
      direction: "forward",
      layout: "replace",
      keptVector: null,
      oldContract: OLD_CONTRACT,
      newContract: NEW_CONTRACT,
      integrity: [
        { name: "Ids", ok: true, found: "155,000 of 155,000 ids are in the target, 0 extra" },
        { name: "Payloads", ok: true, found: "0 of 155,000 differ, compared as they are spelled" },
        { name: "Vectors", ok: true, found: "154,964 of size 768, finite, length 1; 36 carried without" },
        { name: "Embedded again", ok: true, found: "32 of 32 with cosine at least 0.9999" },
        { name: "Server", ok: true, found: "green, queue 0, deferred 0" },
      ],
      tally: { total: 155_000, migrated: 154_900, unchanged: 64, skipped: 36, failed: 0 },
    },
    { quality: sampleQuality(), ...PARTS, ...changes },
  );
