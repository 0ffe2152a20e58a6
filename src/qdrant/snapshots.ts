// Snapshots of a collection: files the server makes in the background and keeps on its own disk.
import { RefusedError } from "../migration/errors.ts";
import type { Json, Snapshot } from "../migration/ports.ts";
import { collectionPath } from "./address.ts";
import { isObject, numberOf } from "./info.ts";
import type { Ask, Transport } from "./transport.ts";
import { resultOf } from "./wire.ts";

const NOT_IMPLEMENTED = 501;

export class Snapshots {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async list(collection: string): Promise<readonly Snapshot[]> {
    const path = `${collectionPath(collection)}/snapshots`;
    const found = await this.#ask({ method: "GET", path, what: `list the snapshots of ${collection}` });
    const list: Json = JSON.parse(resultOf(found));
    return Array.isArray(list) ? list.flatMap(parseSnapshot) : [];
  }

  /** The server answers 202 and goes on by itself. */
  async askFor(collection: string): Promise<void> {
    const path = `${collectionPath(collection)}/snapshots?wait=false`;
    await this.#ask({ method: "POST", path, what: `take a snapshot of ${collection}` });
  }

  async remoteShards(collection: string): Promise<number> {
    const path = `${collectionPath(collection)}/cluster`;
    const found = await this.#ask({ method: "GET", path, what: `ask where the shards of ${collection} are` });
    const info: Json = JSON.parse(resultOf(found));
    const shards = isObject(info) ? info.remote_shards : null;
    return Array.isArray(shards) ? shards.length : 0;
  }

  async #ask(ask: Ask): Promise<string> {
    const { status, text } = await this.#transport.ask(ask, [NOT_IMPLEMENTED]);
    if (status !== NOT_IMPLEMENTED) return text;
    throw new RefusedError(
      `Could not ${ask.what}: this server knows no snapshots. Nothing was deleted; back the collection up another way, then leave snapshot out.`,
      { fields: { status } },
    );
  }
}

function parseSnapshot(value: Json): readonly Snapshot[] {
  if (!isObject(value) || typeof value.name !== "string") return [];
  const { name, size, checksum } = value;
  return [
    {
      name,
      sizeBytes: numberOf(size),
      checksum: typeof checksum === "string" ? checksum : null,
    },
  ];
}
