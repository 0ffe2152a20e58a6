// Without labelled queries: a part of a memory is the query, and the memory without that part must be found again.
// docs/quality.md says what this shows and what it cannot.
import { DEFAULTS } from "../defaults.ts";
import type { PointId } from "./ids.ts";
import type { RankedQuery } from "./quality.ts";
import { drawDistinct, type Random } from "./random.ts";

export interface MemoryText {
  readonly id: PointId;
  readonly text: string;
}

export interface KnownItem {
  /** The memory that should be found. */
  readonly id: PointId;
  /** Embedded as a query. */
  readonly query: string;
  /** The memory with the query's source taken out: embedded as a passage, in place of the stored vector. */
  readonly heldOut: string;
}

interface Word {
  readonly start: number;
  readonly end: number;
}

// Segmenter rules, not spaces: Chinese and Japanese have none, Thai only between sentences.
const sentences = new Intl.Segmenter("en", { granularity: "sentence" });
const words = new Intl.Segmenter("en", { granularity: "word" });

const MIN_WORDS = DEFAULTS.knownItems.wordsMin;
const MAX_WORDS = DEFAULTS.knownItems.wordsMax;

function wordsOf(text: string): Word[] {
  return [...words.segment(text)]
    .filter(({ isWordLike }) => isWordLike)
    .map(({ index, segment }) => ({ start: index, end: index + segment.length }));
}

/** Up to twelve words in a row, as a person would remember a phrase and not a whole sentence. */
function fragmentOf(sentence: string, random: Random): string {
  const all = wordsOf(sentence);
  const first = Math.floor(random() * (Math.max(0, all.length - MAX_WORDS) + 1));
  const [from, to] = [all[first], all[Math.min(first + MAX_WORDS, all.length) - 1]];
  return from === undefined || to === undefined ? sentence : sentence.slice(from.start, to.end);
}

function fromSentences({ id, text }: MemoryText, random: Random): KnownItem | null {
  const parts = [...sentences.segment(text)].map(({ segment }) => segment);
  const usable = parts.filter((part) => wordsOf(part).length >= MIN_WORDS);
  const [source] = drawDistinct(usable, 1, random);
  if (source === undefined) return null;
  // Every copy goes: a sentence said twice would otherwise still stand in what is searched.
  const rest = parts.filter((part) => part.trim() !== source.trim()).join("");
  if (wordsOf(rest).length < MIN_WORDS) return null;
  return { id, query: fragmentOf(source, random), heldOut: rest.trim() };
}

/** A long memory of one sentence is cut in the middle: its second half looks for its first. */
function fromHalves({ id, text }: MemoryText): KnownItem | null {
  const all = wordsOf(text);
  const cut = all[all.length >> 1];
  if (cut === undefined || all.length < DEFAULTS.knownItems.halvedWordsMin) return null;
  return { id, query: text.slice(cut.start).trim(), heldOut: text.slice(0, cut.start).trim() };
}

/**
 * Known-item queries from sampled memories, at most `count`. Memories that are too short to give up a part, and
 * texts that occur twice (either copy would be right), give none: fewer queries than asked for are normal.
 */
export function makeKnownItems(
  memories: readonly MemoryText[],
  { count = DEFAULTS.knownItems.queries, random }: { readonly count?: number; readonly random: Random },
): readonly KnownItem[] {
  const occurrences = new Map<string, number>();
  for (const { text } of memories) occurrences.set(text, (occurrences.get(text) ?? 0) + 1);
  const unique = memories.filter(({ text }) => occurrences.get(text) === 1);
  const drawn = drawDistinct(unique, unique.length, random);
  const whole = drawn.map((memory) => fromSentences(memory, random)).filter((item) => item !== null);
  // Sentences first: a half is the harder and less natural query.
  const used = new Set(whole.map(({ id }) => id));
  const halves = drawn
    .filter(({ id }) => !used.has(id))
    .map(fromHalves)
    .filter((item) => item !== null);
  return [...whole, ...halves].slice(0, count);
}

/**
 * Where the memory would stand without the part that became the query: `score` is the cosine of query and held-out
 * passage, `hits` are the stored points' answers, best first. Its own stored vector still holds the part, and is left out.
 * Ask for one answer more than is ranked, since that vector may be among them.
 */
export function placeHeldOut(
  item: { readonly id: PointId; readonly score: number },
  hits: readonly { readonly id: PointId; readonly score: number }[],
): readonly PointId[] {
  const others = hits.filter(({ id }) => id !== item.id);
  // After equal scores: the doubtful place is the worse one, for both models alike.
  const better = others.filter(({ score }) => score >= item.score);
  return [...better, item, ...others.slice(better.length)].map(({ id }) => id);
}

export interface HeldOutRankings {
  readonly item: KnownItem;
  readonly old: readonly PointId[];
  readonly new: readonly PointId[];
}

/** The rankings as `compareQuality` takes them: one relevant id a query. */
export const toRankedQuery = ({ item, old, new: latest }: HeldOutRankings): RankedQuery => ({
  id: item.id,
  relevant: { [item.id]: 1 },
  old,
  new: latest,
});
