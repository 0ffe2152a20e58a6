// The queries that changed most, old answers beside new ones: always by id; with text only where the user asked for it
// and the report stays on this machine (searchTexts.ts).
import { DEFAULTS } from "../defaults.ts";
import type { PointId } from "./ids.ts";
import type { Quality, QueryChange } from "./quality.ts";

export interface SearchAnswer {
  readonly id: PointId;
  /** From 1. */
  readonly rank: number;
  readonly isRelevant: boolean;
  /** Excerpt of the memory; null unless texts were asked for. */
  readonly text: string | null;
}

export interface SearchPair {
  /** Id of the query; of a known-item query the id of its memory. */
  readonly id: string;
  /** Null unless texts were asked for. */
  readonly text: string | null;
  /** nDCG@10. */
  readonly oldNdcg: number;
  readonly newNdcg: number;
  readonly old: readonly SearchAnswer[];
  readonly new: readonly SearchAnswer[];
}

/** Looks up what a report does not hold by itself; null for what is not known any more. */
export interface SearchTexts {
  readonly query: (id: string) => string | null;
  readonly memory: (id: PointId) => string | null;
}

/** The first answers of either side, and below them every relevant one: what moved, and from where. */
export function searchesOf({ mostChanged }: Quality): readonly SearchPair[] {
  return mostChanged.map((change) => ({
    id: change.id,
    text: null,
    oldNdcg: change.old,
    newNdcg: change.new,
    old: answersOf(change.oldTop, change),
    new: answersOf(change.newTop, change),
  }));
}

// An assessment that an earlier version stored names no relevant ids.
const answersOf = (ids: readonly PointId[], { relevant = [] }: QueryChange): readonly SearchAnswer[] =>
  ids
    .map((id, index) => ({ id, rank: index + 1, isRelevant: relevant.includes(id), text: null }))
    .filter(({ rank, isRelevant }) => rank <= DEFAULTS.quality.listedAnswers || isRelevant);

/** The same searches with what `texts` knows. */
export function withTexts(searches: readonly SearchPair[], texts: SearchTexts): readonly SearchPair[] {
  const known = (answers: readonly SearchAnswer[]): readonly SearchAnswer[] =>
    answers.map((answer) => ({ ...answer, text: excerptOf(texts.memory(answer.id)) }));
  return searches.map((search) => ({
    ...search,
    text: excerptOf(texts.query(search.id)),
    old: known(search.old),
    new: known(search.new),
  }));
}

/** On one line, and cut between characters as people count them: a long memory would push the others out of sight. */
function excerptOf(text: string | null): string | null {
  if (text === null) return null;
  const most = DEFAULTS.quality.excerptCharacters;
  // More than eight code units a character are rare, and a text may be megabytes.
  const line = text
    .slice(0, 8 * most)
    .replace(/\s+/g, " ")
    .trim();
  const shown = Iterator.from(characters.segment(line)).take(most);
  const excerpt = [...shown].map(({ segment }) => segment).join("");
  return excerpt.length < line.length || text.length > 8 * most ? `${excerpt}…` : line;
}

const characters = new Intl.Segmenter("en");
