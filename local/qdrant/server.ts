import { createServer, type Server } from "node:http";
import { ConfigError } from "../../src/migration/errors.ts";
import type { Keys } from "./access.ts";
import { Catalogue } from "./catalogue.ts";
import { fields, readFields } from "./config-fields.ts";
import { openJournal } from "./journal.ts";
import { parseJson } from "./json.ts";
import { RateLimits } from "./rate-limit.ts";
import { respond } from "./respond.ts";

export interface QdrantOptions extends Keys {
  /** 0 takes a free port. */
  readonly port: number;
  /** Default 127.0.0.1: nobody but this machine. */
  readonly host?: string | undefined;
  /** A folder that keeps the data; without it everything is gone when the server closes. */
  readonly dataDir?: string | undefined;
  /** The strict mode of new collections, by the names of `strict_mode_config`; Qdrant Cloud sets some. */
  readonly strictMode?: Readonly<Record<string, boolean | number>> | undefined;
}

export interface QdrantServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Stops listening, ends open connections and closes the data folder. Twice is harmless. */
  close(): Promise<void>;
}

/**
 * Starts the built-in Qdrant: a stand-in that answers the part of the REST API that docs/built-in-qdrant.md lists
 * as a real Qdrant 1.19.0 does, and everything else with 501.
 * Throws ConfigError when the port is taken or the data folder cannot be used.
 */
export async function startQdrant(options: QdrantOptions): Promise<QdrantServer> {
  const opened = options.dataDir === undefined ? undefined : openJournal(options.dataDir);
  const catalogue = new Catalogue(
    opened?.collections ?? new Map(),
    opened?.aliases ?? new Map(),
    opened?.journal,
  );
  const state = {
    catalogue,
    rateLimits: new RateLimits(() => performance.now()),
    strictModeDefaults: readFields(parseJson(JSON.stringify(options.strictMode ?? {})), fields.strictMode),
  };
  const server = createServer((request, response) => void respond(state, options, request, response));
  const host = options.host ?? "127.0.0.1";
  const port = await listen(server, options.port, host).catch((cause: unknown) => {
    catalogue.close();
    throw cause;
  });
  return new RunningQdrant(server, catalogue, host, port);
}

class RunningQdrant implements QdrantServer {
  readonly url: string;
  readonly port: number;
  readonly #server: Server;
  readonly #catalogue: Catalogue;
  #closed: Promise<void> | undefined;

  constructor(server: Server, catalogue: Catalogue, host: string, port: number) {
    this.#server = server;
    this.#catalogue = catalogue;
    this.port = port;
    this.url = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const stopped = new Promise((resolve) => this.#server.close(resolve));
    // Clients keep idle connections; requests under way are answered first.
    this.#server.closeIdleConnections();
    const last = setTimeout(() => this.#server.closeAllConnections(), closeMsMax);
    await stopped;
    clearTimeout(last);
    this.#catalogue.close();
  }
}

// Long enough for a search under way, short enough for a test's end.
const closeMsMax = 2000;

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const found = cause.code === "EADDRINUSE" ? "the port is in use" : `${cause.code ?? cause.message}`;
      const advice = "choose another port or stop what listens there";
      reject(
        new ConfigError(`The built-in Qdrant cannot listen on ${host}:${port}: ${found}; ${advice}.`, {
          cause,
        }),
      );
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
