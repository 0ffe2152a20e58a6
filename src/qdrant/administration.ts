// Collections' and aliases' names, through the official client.
import { QdrantClient } from "@qdrant/js-client-rest";
import { DEFAULTS } from "../defaults.ts";
import { PermanentError } from "../migration/errors.ts";
import type { Alias, AliasAction, WriteOptions } from "../migration/ports.ts";
import { collectionPath, prefixOf } from "./address.ts";
import { errorOf } from "./answer.ts";
import { isDeadSocket, unreachable } from "./connection.ts";

const TIMEOUT_MS = 60_000;
const BRIEF_TIMEOUT_MS = DEFAULTS.writeSecondsMax * 1000;
// A redirect would carry the key to another host.
const REQUEST = { redirect: "manual" } as const;

type Api = ReturnType<QdrantClient["api"]>;

interface Apis {
  readonly key: string | null;
  readonly api: Api;
  readonly brief: Api;
}

interface CallOptions extends Pick<WriteOptions, "beforeRepeat"> {
  readonly api?: "api" | "brief";
}

export class Administration {
  readonly #base: URL;
  readonly #apiKey: () => Promise<string | null>;
  #made: Apis | null = null;

  constructor(base: URL, apiKey: () => Promise<string | null>) {
    this.#base = base;
    this.#apiKey = apiKey;
  }

  async collections(): Promise<readonly string[]> {
    const found = await this.#call("list the collections", (api) => api.getCollections({}, REQUEST));
    return found.collections.map(({ name }) => name);
  }

  async aliases(): Promise<readonly Alias[]> {
    const found = await this.#call("list the aliases", (api) => api.getCollectionsAliases({}, REQUEST));
    return found.aliases.map(({ alias_name, collection_name }) => ({
      alias: alias_name,
      collection: collection_name,
    }));
  }

  /** Given up after `writeSecondsMax`, so that one that nobody awaits any more does not arrive after the next swap. */
  async changeAliases(
    actions: readonly AliasAction[],
    options: Pick<WriteOptions, "beforeRepeat"> = {},
  ): Promise<void> {
    const change = (api: Api) => api.updateAliases({ actions: [...actions] }, REQUEST);
    if ((await this.#call("change aliases", change, { ...options, api: "brief" })) !== true)
      throw new PermanentError("Could not change aliases: Qdrant did not say that it did.");
  }

  /** A collection that is not there is no error: the server answers 200 and `false`. Given up like a change of aliases. */
  async deleteCollection(name: string, options: Pick<WriteOptions, "beforeRepeat"> = {}): Promise<void> {
    collectionPath(name);
    const remove = (api: Api) => api.deleteCollection({ collection_name: name }, REQUEST);
    await this.#call(`delete collection ${name}`, remove, { ...options, api: "brief" });
  }

  async #call<T>(
    what: string,
    call: (api: Api) => Promise<{ readonly data: { readonly result?: T } }>,
    { api = "api", beforeRepeat }: CallOptions = {},
  ): Promise<NonNullable<T>> {
    const chosen = (await this.#open())[api];
    const { result } = (await this.#repeating(what, () => call(chosen), beforeRepeat)).data;
    if (result === undefined || result === null)
      throw new PermanentError(`Could not ${what}: Qdrant's answer has no result.`);
    return result;
  }

  /** Once more where the socket was dead; every call here may be repeated. */
  async #repeating<T>(what: string, call: () => Promise<T>, beforeRepeat?: () => Promise<void>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (!isDeadSocket(error)) throw meaningOf(what, this.#base, error);
    }
    await beforeRepeat?.();
    try {
      return await call();
    } catch (error) {
      throw meaningOf(what, this.#base, error);
    }
  }

  /** Made anew when the key was changed. */
  async #open(): Promise<Apis> {
    const key = await this.#apiKey();
    if (this.#made === null || this.#made.key !== key) {
      const within = (timeoutMs: number): Api => clientFor(this.#base, key, timeoutMs).api();
      this.#made = { key, api: within(TIMEOUT_MS), brief: within(BRIEF_TIMEOUT_MS) };
    }
    return this.#made;
  }
}

/**
 * Host, port and prefix one by one: given as a URL the client replaces a https port and drops a path. The key is a
 * header: given as `apiKey` the client writes to the console when the address is http.
 */
function clientFor(base: URL, apiKey: string | null, timeout: number): QdrantClient {
  const https = base.protocol === "https:";
  const prefix = prefixOf(base);
  return new QdrantClient({
    host: base.hostname,
    port: Number(base.port) || (https ? 443 : 80),
    https,
    timeout,
    checkCompatibility: false,
    ...(prefix === "" ? {} : { prefix }),
    ...(apiKey === null ? {} : { headers: { "api-key": apiKey } }),
  });
}

/** The client's five kinds of errors, as the answers they were. They are not kept as causes: they hold bodies. */
function meaningOf(what: string, base: URL, error: unknown): Error {
  const status = statusOf(error);
  if (status === null) return unreachable(what, base, error);
  // The client keeps only the first digit of Retry-After; that there was one is all that is used here.
  return errorOf(what, { status, text: bodyOf(error), retryAfter: status === 429 ? "1" : null });
}

function statusOf(error: unknown): number | null {
  if (typeof error !== "object" || error === null) return null;
  if ("status" in error && typeof error.status === "number") return error.status;
  const name = error instanceof Error ? error.constructor.name : "";
  if (name === "QdrantClientResourceExhaustedError") return 429;
  // Any success that is not 200, as 202: accepted, not done.
  return name === "QdrantClientUnexpectedResponseError" || name === "QdrantClientTimeoutError" ? 408 : null;
}

const bodyOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "data" in error ? JSON.stringify(error.data) : "";
