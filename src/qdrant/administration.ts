// Collections' and aliases' names, payload indexes and shard keys, through the official client.
import { QdrantClient } from "@qdrant/js-client-rest";
import { PermanentError, RefusedError, TransientError } from "../migration/errors.ts";
import type { Alias, AliasAction, Json, JsonObject } from "../migration/ports.ts";

const TIMEOUT_MS = 60_000;

export class Administration {
  readonly #base: URL;
  readonly #apiKey: () => Promise<string | null>;
  #client: { readonly key: string | null; readonly client: QdrantClient } | null = null;

  constructor(base: URL, apiKey: () => Promise<string | null>) {
    this.#base = base;
    this.#apiKey = apiKey;
  }

  async collections(): Promise<readonly string[]> {
    const { collections } = await this.#call("list the collections", (client) => client.getCollections());
    return collections.map(({ name }) => name);
  }

  async aliases(): Promise<readonly Alias[]> {
    const { aliases } = await this.#call("list the aliases", (client) => client.getAliases());
    return aliases.map(({ alias_name, collection_name }) => ({
      alias: alias_name,
      collection: collection_name,
    }));
  }

  async changeAliases(actions: readonly AliasAction[]): Promise<void> {
    await this.#call("change aliases", (client) => client.updateCollectionAliases({ actions: [...actions] }));
  }

  async deleteCollection(name: string): Promise<void> {
    await this.#call(`delete collection ${name}`, (client) => client.deleteCollection(name));
  }

  async createPayloadIndex(name: string, field: string, schema: Json): Promise<void> {
    await this.#call(`index ${field} of ${name}`, (client) =>
      client.createPayloadIndex(name, {
        field_name: field,
        // The server's own words, read from another collection of the same server.
        field_schema: schema as never,
        wait: true,
      }),
    );
  }

  async createShardKey(name: string, key: string | number, options: JsonObject): Promise<void> {
    await this.#call(`create a shard key of ${name}`, (client) =>
      client.createShardKey(name, { ...options, shard_key: key }),
    );
  }

  async shardKeys(name: string): Promise<readonly (string | number)[]> {
    const found = await this.#call(`list the shard keys of ${name}`, (client) => client.listShardKeys(name));
    return (found?.shard_keys ?? []).map(({ key }) => key);
  }

  async #call<T>(what: string, call: (client: QdrantClient) => Promise<T>): Promise<T> {
    const client = await this.#open();
    try {
      return await call(client);
    } catch (error) {
      throw errorOf(what, this.#base, error);
    }
  }

  /** Made anew when the key was changed. */
  async #open(): Promise<QdrantClient> {
    const key = await this.#apiKey();
    if (this.#client === null || this.#client.key !== key)
      this.#client = { key, client: clientFor(this.#base, key) };
    return this.#client.client;
  }
}

/** Host, port and prefix one by one: given as a URL the client replaces a https port and drops a path. */
function clientFor(base: URL, apiKey: string | null): QdrantClient {
  const https = base.protocol === "https:";
  const prefix = base.pathname === "/" ? "" : base.pathname.replace(/\/$/, "");
  return new QdrantClient({
    host: base.hostname,
    port: Number(base.port) || (https ? 443 : 80),
    https,
    timeout: TIMEOUT_MS,
    checkCompatibility: false,
    ...(prefix === "" ? {} : { prefix }),
    ...(apiKey === null ? {} : { apiKey }),
  });
}

/** The client's five kinds of errors, by what the caller does. Its messages may hold request bodies: left out. */
function errorOf(what: string, base: URL, error: unknown): Error {
  const status = statusOf(error);
  if (status === null)
    return new TransientError(`Could not ${what}: Qdrant at ${base.origin} did not answer.`, {
      cause: error,
    });
  const message = `Could not ${what}: Qdrant answered ${status}.${sentenceOf(error)}`;
  const options = { cause: error, fields: { status } };
  if (status === 401 || status === 403)
    return new RefusedError(`${message} Check the API key and what it may do.`, options);
  if (status === 408 || status === 429 || status >= 500 || status === 202)
    return new TransientError(message, options);
  return new PermanentError(message, options);
}

function statusOf(error: unknown): number | null {
  if (typeof error !== "object" || error === null) return null;
  if ("status" in error && typeof error.status === "number") return error.status;
  const name = error instanceof Error ? error.constructor.name : "";
  if (name === "QdrantClientResourceExhaustedError") return 429;
  return name === "QdrantClientUnexpectedResponseError" ? 202 : null;
}

/** Names and limits only; administration never carries a payload. */
function sentenceOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("data" in error)) return "";
  const { data } = error;
  if (typeof data !== "object" || data === null || !("status" in data)) return "";
  const { status } = data;
  return typeof status === "object" && status !== null && "error" in status
    ? ` ${String(status.error).slice(0, 200)}`
    : "";
}
