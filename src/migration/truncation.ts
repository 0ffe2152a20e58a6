// How much of the texts each model never sees: both models read the same sample.
import { DEFAULTS } from "../defaults.ts";
import type { CompareOutside } from "./compareSearch.ts";
import type { Plan } from "./plan.ts";
import type { Embedded, Embedder } from "./ports.ts";
import { textOf } from "./text.ts";

interface Over {
  /** Texts longer than the model's limit. */
  readonly over: number;
  /** Tokens behind the limit, which the model never saw; each model counts its own. */
  readonly tokensLost: number;
}

export interface TruncationSample {
  /** Texts read by both models. */
  readonly texts: number;
  readonly old: Over;
  readonly new: Over;
}

// A few texts at a time, so that a long sample ends before the call does.
const TEXTS_AT_ONCE = 20;

/** Null where the old model is not proven or not here, or no text was read. */
export async function sampleTruncation(
  { qdrant, models, deadline }: CompareOutside,
  plan: Plan,
): Promise<TruncationSample | null> {
  const { contract } = plan.source;
  const old = contract === null ? null : await models.openContract(contract);
  const latest = await models.openContract(plan.target.contract);
  if (old === null || latest === null) return null;
  const ids = await qdrant.sampleIds(plan.target.collection, DEFAULTS.truncationSampleTexts);
  const points = await qdrant.retrieve(plan.target.collection, ids);
  const texts = points.flatMap(({ payload }) => {
    const text = textOf(payload, plan);
    return "text" in text ? [text.text] : [];
  });
  let sum: TruncationSample = { texts: 0, old: { over: 0, tokensLost: 0 }, new: { over: 0, tokensLost: 0 } };
  for (let start = 0; start < texts.length; start += TEXTS_AT_ONCE) {
    // Fewer texts are a coarser answer, and the report says how many there were.
    if (deadline.remainingMs() < 2 * DEFAULTS.deadlineReserveMs) break;
    sum = addRead(sum, await readBoth(texts.slice(start, start + TEXTS_AT_ONCE), { old, latest }));
  }
  return sum.texts === 0 ? null : sum;
}

async function readBoth(
  texts: readonly string[],
  { old, latest }: { readonly old: Embedder; readonly latest: Embedder },
): Promise<TruncationSample> {
  const [before, after] = [await old.embed(texts, "passage"), await latest.embed(texts, "passage")];
  // A text that one of them cannot read says nothing about the difference.
  const isRead = texts.map((_, index) => before[index]?.ok === true && after[index]?.ok === true);
  const read = (made: readonly Embedded[]) => overOf(made.filter((_, index) => isRead[index]));
  return { texts: isRead.filter(Boolean).length, old: read(before), new: read(after) };
}

function overOf(made: readonly Embedded[]): Over {
  const lost = made.map((one) => (one.ok ? one.tokensLost : 0));
  return {
    over: lost.filter((tokens) => tokens > 0).length,
    tokensLost: lost.reduce((sum, tokens) => sum + tokens, 0),
  };
}

const addOver = (a: Over, b: Over): Over => ({
  over: a.over + b.over,
  tokensLost: a.tokensLost + b.tokensLost,
});

const addRead = (a: TruncationSample, b: TruncationSample): TruncationSample => ({
  texts: a.texts + b.texts,
  old: addOver(a.old, b.old),
  new: addOver(a.new, b.new),
});
