// About 2,000 chat memories for the first run. The same ones every time: a fixed seed, no clock.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PointId } from "../src/migration/ids.ts";
import type { RawJson } from "../src/migration/ports.ts";
import { type Random, seededRandom } from "../src/migration/random.ts";
import { hazards } from "./hazards.ts";
import { memoryId, memoryPayload } from "./payload.ts";

export interface DemoMemory {
  readonly id: PointId;
  /** Text of a JSON object, so that `1.0` and integers beyond 2^53 keep their spelling. */
  readonly payload: RawJson;
}

/** A search and the memories that answer it: those somebody filed under the same intent. */
export interface DemoLabel {
  readonly id: string;
  readonly text: string;
  readonly relevant: Readonly<Record<PointId, number>>;
}

interface Utterance {
  readonly intent: string;
  readonly text: string;
}

interface FiledMemory extends DemoMemory {
  readonly intent: string | null;
}

const SEED = 20_260_101;

function readUtterances(file: string): Utterance[] {
  const lines = readFileSync(join(import.meta.dirname, "data", file), "utf8")
    .trim()
    .split("\n");
  return lines.map((line): Utterance => JSON.parse(line));
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  return list
    .map((value) => ({ value, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ value }) => value);
}

function fileMemories(): FiledMemory[] {
  const random = seededRandom(SEED);
  const spoken = readUtterances("utterances.jsonl").map(({ intent, text }) => ({
    intent,
    content: JSON.stringify(text),
  }));
  const all = shuffled([...spoken, ...hazards.map((content) => ({ intent: null, content }))], random);
  return all.map(({ intent, content }, number) => ({
    intent,
    id: memoryId(number, random),
    payload: memoryPayload({ number, content, random }),
  }));
}

// Made once, on first use: about 10 ms.
let filed: readonly FiledMemory[] | null = null;
function memories(): readonly FiledMemory[] {
  filed ??= fileMemories();
  return filed;
}

/** The memories in the order in which they were "said": ids are in no order, as in a real collection. */
export const demoMemories = (): readonly DemoMemory[] =>
  memories().map(({ id, payload }) => ({ id, payload }));

/** Labelled searches for the quality part of the gate. */
export function demoLabels(): readonly DemoLabel[] {
  return readUtterances("queries.jsonl").map(({ intent, text }, number) => ({
    id: `demo-${number + 1}`,
    text,
    relevant: Object.fromEntries(
      memories()
        .filter((memory) => memory.intent === intent)
        .map(({ id }) => [id, 1]),
    ),
  }));
}

/**
 * Searches whose answers differ for anybody to see: the plain old model is led astray by the words everybody
 * uses (card, account, how, want), the new one weighs the words that carry the meaning.
 */
export const demoQueries: readonly { readonly text: string; readonly why: string }[] = [
  {
    text: "i could use a laugh, got any jokes",
    why: "the old model hears the chatter around the one word that matters",
  },
  {
    text: "i'd like to add pancake mix to my shopping list if it's not already there",
    why: "a long request: its filler outweighs the shopping list in a plain average",
  },
  {
    text: "what's the definition of remunerative",
    why: 'everything that starts with "what\'s the" looks alike to the old model',
  },
  {
    text: "i want to know if the new york restaurant takes reservations",
    why: "asking about reservations, not making or cancelling one",
  },
  {
    text: "did i already use all my days off this year",
    why: "days off are paid time off: related words, not the same ones",
  },
  {
    text: "would you mind repeating that",
    why: "only common words, one of which counts",
  },
];
