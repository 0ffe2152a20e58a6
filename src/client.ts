// For applications that embed their own queries: the model follows the alias here as it does in the query function.
// Models and the ledger are loaded when they are first used: an application that embeds elsewhere loads neither.
import { DEFAULTS } from "./defaults.ts";
import { openLedger } from "./ledger/ledger.ts";
import { ConfigError } from "./migration/errors.ts";
import {
  type Followed,
  type FollowOutside,
  followAlias as findFollowed,
  standingOf,
} from "./migration/follow.ts";
import { placeOf } from "./migration/ids.ts";
import type { ModelContract } from "./migration/model.ts";
import type { Embedded, Embedder, Log, Models, SearchHit } from "./migration/ports.ts";
import { answerQuery, type Following, type QueryAnswer } from "./migration/query.ts";
import { parseQuery, type SearchTerms } from "./migration/queryRequest.ts";
import { openQdrant } from "./qdrant/client.ts";

/** Embeds texts, which carry the model's query prefix already, with exactly the model of the contract. */
export type EmbedQueries = (
  texts: readonly string[],
  contract: ModelContract,
) => Promise<readonly (Float32Array | readonly number[])[]>;

export interface FollowOptions {
  /** Address of Qdrant, e.g. `http://localhost:6333`. */
  readonly qdrantUrl: string;
  readonly apiKey?: string | null;
  /** The name readers use. */
  readonly alias: string;
  /** Default: the models of `modelDir` are run in this process. */
  readonly embed?: EmbedQueries;
  /** Directory with one directory a model; default: the built-in pair alone. */
  readonly modelDir?: string;
  /** `s3://bucket/prefix` or `file:///folder`: needed while the alias points to a collection without a mark. */
  readonly ledgerUrl?: string;
  /** How long an answer of Qdrant about the alias is believed, in ms. */
  readonly followedMs?: number;
}

export interface FollowedAlias {
  /** What the alias points to, as far as is known. */
  now(): Promise<Pick<Followed, "collection" | "contract" | "vectorName">>;
  /** Vectors of up to 100 texts; search `collection` with them, not the alias. */
  vectors(texts: readonly string[]): Promise<Pick<QueryAnswer, "collection" | "contract" | "vectors">>;
  /** Points nearest to the text, best first. `payload` is JSON text, as exact as Qdrant wrote it. */
  search(text: string, terms?: Partial<SearchTerms>): Promise<readonly FoundPoint[]>;
}

/** `id`: digits, or a UUID in lower case. */
export interface FoundPoint extends SearchHit {
  /** JSON text of the point's shard key; null where the collection has none. */
  readonly shardKey: string | null;
}

/** What a person should know of what the adapter logs, the way Node's libraries say it. */
const warnOfKey: Log = (event, { address }) => {
  if (event === "qdrant-key-unencrypted")
    process.emitWarning(`Qdrant's API key travels to ${address} unencrypted; use an https address.`, {
      code: "REMASTER_KEY_UNENCRYPTED",
    });
};

/**
 * Asks nothing yet. Calls throw what `answerQuery` throws. After a swap the collection before is searched, with its
 * own model, for up to `followedMs`; when it is replaced or gone the alias is resolved again and the call repeated.
 */
export function followAlias(options: FollowOptions): FollowedAlias {
  const { alias, qdrantUrl, apiKey = null, ledgerUrl, embed } = options;
  const qdrant = openQdrant({ url: qdrantUrl, apiKey: async () => apiKey, log: warnOfKey });
  const models = embed === undefined ? modelsIn(options.modelDir ?? null) : embeddedBy(embed);
  const opened = once(async (): Promise<FollowOutside> => {
    return { qdrant, ledger: ledgerUrl === undefined ? null : await openLedger(ledgerUrl) };
  });
  const following = followFor(options.followedMs ?? DEFAULTS.query.followedMs, opened, alias);
  const ask = async (query: object) =>
    answerQuery({ ...(await opened()), models }, parseQuery({ alias, ...query }), following);
  return {
    now: () => following.find(false),
    vectors: (texts) => ask({ texts }),
    search: async (text, terms = {}) =>
      ((await ask({ texts: [text], search: terms })).results?.[0] ?? []).map(foundPoint),
  };
}

function foundPoint(hit: SearchHit): FoundPoint {
  const { id, shard } = placeOf(hit.id);
  return { ...hit, id, shardKey: shard };
}

function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => {
    opened ??= open();
    return opened;
  };
}

/** Believes what it found for a while; asks again when that ran out or proved wrong. */
function followFor(forMs: number, opened: () => Promise<FollowOutside>, alias: string): Following {
  let kept: { readonly followed: Promise<Followed>; readonly until: number } | null = null;
  const findAnew = (): Promise<Followed> => {
    const followed = opened().then((outside) => findFollowed(outside, alias));
    const mine = { followed, until: performance.now() + forMs };
    kept = mine;
    // What failed is asked again by the next call.
    followed.catch(() => {
      if (kept === mine) kept = null;
    });
    return followed;
  };
  return {
    find: (anew) => (!anew && kept !== null && kept.until > performance.now() ? kept.followed : findAnew()),
    async look(followed, refused) {
      // A collection's own name may have been taken over meanwhile; one found by an alias is itself.
      if (!refused && followed.collection !== alias) return "same";
      return standingOf(await opened(), followed);
    },
  };
}

function modelsIn(modelDir: string | null): Pick<Models, "openContract"> {
  const models = once(async () => {
    const { openModels } = await import("./embedding/open.ts");
    return openModels({ modelDir, defaultModel: null, dimensions: null, threads: 1 });
  });
  return { openContract: async (contract) => (await models()).openContract(contract) };
}

const embeddedBy = (embed: EmbedQueries): Pick<Models, "openContract"> => ({
  openContract: async (contract): Promise<Embedder> => ({
    contract,
    async embed(texts) {
      const vectors = await embed(
        texts.map((text) => contract.queryPrefix + text),
        contract,
      );
      return checked(
        vectors.map((vector) => Float32Array.from(vector)),
        texts.length,
        contract,
      );
    },
    // Whose vectors these are, the application knows; only a gate asks.
    recognize: async () => ({ known: null, doubts: [] }),
  }),
});

function checked(
  vectors: readonly Float32Array[],
  texts: number,
  { id, dimensions }: ModelContract,
): readonly Embedded[] {
  const isGood = vectors.every((one) => one.length === dimensions && one.every(Number.isFinite));
  if (vectors.length !== texts || !isGood)
    throw new ConfigError(
      `The embed function gave ${vectors.length} vectors for ${texts} texts, of sizes ${[...new Set(vectors.map(({ length }) => length))].join(", ")}; ${texts} of ${dimensions} finite numbers are needed. Embed with model ${id}, which the contract names.`,
    );
  // How many tokens there were is the application's to know.
  return vectors.map((vector) => ({ ok: true, vector, tokens: 0, tokensLost: 0 }));
}
