// The one place where a report gets texts: on the user's machine, from the user's Qdrant and the user's own queries, when
// the user asks. Nothing of it goes into the ledger.
import { parseQueries } from "./labelledQueries.ts";
import { type Plan, readPlan } from "./plan.ts";
import type { Ledger, Qdrant } from "./ports.ts";
import type { Report } from "./report.ts";
import { type SearchPair, withTexts } from "./searches.ts";
import { textOf } from "./text.ts";

export interface TextsOutside {
  readonly qdrant: Qdrant;
  readonly ledger: Ledger;
}

/** The report with the texts of its searches, as its memories read now. */
export async function addTexts(outside: TextsOutside, report: Report): Promise<Report> {
  const { searches } = report;
  if (searches === null) return report;
  const plan = await readPlan(outside.ledger, report.migration);
  const memories = await readMemories(outside.qdrant, plan, idsOf(searches, report));
  const queries = await readQueries(outside.ledger, plan);
  const memory = (id: string) => memories.get(id) ?? null;
  // A query that was made from a memory is named by the memory, and its words are nowhere kept.
  const query = report.quality?.kind === "known-item" ? memory : (id: string) => queries.get(id) ?? null;
  return { ...report, searches: withTexts(searches, { query, memory }) };
}

function idsOf(searches: readonly SearchPair[], { quality }: Report): readonly string[] {
  const answers = searches.flatMap((search) => [...search.old, ...search.new].map(({ id }) => id));
  const queries = quality?.kind === "known-item" ? searches.map(({ id }) => id) : [];
  return [...new Set([...answers, ...queries])];
}

/** From the target, which both models' answers are in; before it exists or after it went, from the source. */
async function readMemories(
  qdrant: Qdrant,
  plan: Plan,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const sides = [plan.target.collection, plan.source.collection];
  for (const collection of sides) {
    if ((await qdrant.collection(collection)) === null) continue;
    const points = await qdrant.retrieve(collection, ids);
    return new Map(
      points.flatMap(({ id, payload }) => {
        const text = textOf(payload, plan);
        return "text" in text ? [[id, text.text] as const] : [];
      }),
    );
  }
  return new Map();
}

async function readQueries(ledger: Ledger, { queries }: Plan): Promise<ReadonlyMap<string, string>> {
  const stored = queries === null ? null : await ledger.read(queries);
  if (queries === null || stored === null) return new Map();
  return new Map(parseQueries(queries, stored.body).map(({ id, text }) => [id, text]));
}
