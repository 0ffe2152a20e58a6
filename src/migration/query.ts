// The query function: texts to vectors, or to search results, by the model that the alias points to now.
import { PermanentError, RefusedError, TransientError } from "./errors.ts";
import { type Followed, type FollowOutside, followAlias, type Standing, standingOf } from "./follow.ts";
import type { ModelContract } from "./model.ts";
import type { Models, SearchHit } from "./ports.ts";
import { badQuery, type Query, type SearchTerms } from "./queryRequest.ts";

export interface QueryOutside extends FollowOutside {
  readonly models: Pick<Models, "openContract">;
}

export interface QueryAnswer {
  /** The collection the alias pointed to; search this name with `vectors`, not the alias. */
  readonly collection: string;
  readonly contract: Pick<ModelContract, "id" | "fingerprint" | "dimensions">;
  /** One a text, in order; null when search results were asked for. */
  readonly vectors: readonly Float32Array[] | null;
  /** Hits of each text, in order, best first; null when no search was asked for. */
  readonly results: readonly (readonly SearchHit[])[] | null;
}

/** How a query finds out what its alias points to. The default asks before and after, every time. */
export interface Following {
  /** `anew`: what was found before has moved since. */
  find(anew: boolean): Promise<Followed>;
  /** `refused`: Qdrant did not take the search. */
  look(followed: Followed, refused: boolean): Promise<Standing>;
}

const askAlways = (outside: QueryOutside, alias: string): Following => ({
  find: () => followAlias(outside, alias),
  look: (followed) => standingOf(outside, followed),
});

interface Attempt {
  /** Null: Qdrant refused, because the collection is not what it was when the alias was resolved. */
  readonly answer: QueryAnswer | null;
  readonly standing: Standing;
}

/**
 * Vectors and search are always of one collection and its own contract, whatever is swapped meanwhile: the
 * collection is searched by its own name, and looked at again afterwards. Where the alias has moved, everything is
 * done once more for where it points then.
 * @throws RefusedError for an unknown name or model; TransientError when a collection is replaced again and again;
 * ConfigError with status 400 for a text that no vector can be made of; PermanentError for a filter Qdrant refuses.
 */
export async function answerQuery(
  outside: QueryOutside,
  query: Query,
  following: Following = askAlways(outside, query.alias),
): Promise<QueryAnswer> {
  const first = await attempt(outside, query, { following, anew: false });
  if (first.answer !== null && first.standing === "same") return first.answer;
  const { answer, standing } = await attempt(outside, query, { following, anew: true });
  // Moved again: the answer is of one model and of a collection the alias pointed to while the query ran.
  if (answer !== null && standing !== "replaced") return answer;
  throw new TransientError(
    `What ${query.alias} points to was replaced twice while a query was answered; ask again.`,
    { fields: { alias: query.alias } },
  );
}

async function attempt(
  outside: QueryOutside,
  query: Query,
  { following, anew }: { readonly following: Following; readonly anew: boolean },
): Promise<Attempt> {
  const followed = await following.find(anew);
  const vectors = await embedQuery(outside, followed, query.texts);
  try {
    const results =
      query.search === null ? null : await searchAll(outside, followed, { vectors, search: query.search });
    const answer = answerOf(followed, results === null ? vectors : null, results);
    return { answer, standing: await following.look(followed, false) };
  } catch (error) {
    // 404: deleted; 400: other dimensions, or a bad filter. Whether it is the query's fault, the collection says.
    if (!(error instanceof PermanentError)) throw error;
    const standing = await following.look(followed, true);
    if (standing === "same") throw error;
    return { answer: null, standing };
  }
}

function answerOf(
  { collection, contract: { id, fingerprint, dimensions } }: Followed,
  vectors: QueryAnswer["vectors"],
  results: QueryAnswer["results"],
): QueryAnswer {
  return { collection, contract: { id, fingerprint, dimensions }, vectors, results };
}

async function embedQuery(
  { models }: QueryOutside,
  { collection, contract }: Followed,
  texts: readonly string[],
): Promise<readonly Float32Array[]> {
  const embedder = await models.openContract(contract);
  if (embedder === null)
    throw new RefusedError(
      `Model ${contract.id} (revision ${contract.revision}) made the vectors of ${collection}, and its files are not here. Put them into the model directory with remaster model fetch, and deploy again where this is a deployed function.`,
      { fields: { collection, model: contract.id } },
    );
  const made = await embedder.embed(texts, "query");
  return made.map((one, index) => {
    if (one.ok) return one.vector;
    throw badQuery(`text ${index + 1} of ${texts.length} cannot be embedded: ${one.reason}.`);
  });
}

async function searchAll(
  { qdrant }: QueryOutside,
  { collection, vectorName }: Followed,
  asked: { readonly vectors: readonly Float32Array[]; readonly search: SearchTerms },
): Promise<readonly (readonly SearchHit[])[]> {
  const { limit, filter, scoreThreshold, withPayload: payload } = asked.search;
  const options = { using: vectorName, payload, filter, scoreThreshold };
  const results: (readonly SearchHit[])[] = [];
  // One after the other: a hundred at once would be the server's load, not one reader's.
  for (const vector of asked.vectors) results.push(await qdrant.search(collection, vector, limit, options));
  return results;
}
