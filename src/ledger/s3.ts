// The ledger in a bucket. Every write is conditional; S3 is strongly consistent.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
import { GetObjectCommand, PutObjectCommand, paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3";
import { attemptsOf, errorNameOf, failureOf, statusOf } from "../failure.ts";
import { TransientError } from "../migration/errors.ts";
import type { Ledger } from "../migration/ports.ts";

export interface S3LedgerOptions {
  readonly bucket: string;
  /** Folder of the ledger in the bucket; "" is the whole bucket. */
  readonly prefix: string;
  /** See `Config.isS3PathStyle`. */
  readonly isPathStyle: boolean;
  readonly client?: S3Client;
}

type Condition = { readonly IfNoneMatch: "*" } | { readonly IfMatch: string };
type Stored = { readonly body: string; readonly version: string } | null;

// A write that met another one in progress (409) decides nothing; the next attempt finds the other's result.
const CONFLICTS_MAX = 5;

export function openS3Ledger(options: S3LedgerOptions): Ledger {
  const ledger = new S3Ledger(options);
  return {
    read: (key) => ledger.read(key),
    create: (key, body) => ledger.write(key, body, { IfNoneMatch: "*" }),
    replace: (key, body, version) => ledger.write(key, body, { IfMatch: version }),
    list: (prefix, after) => ledger.list(prefix, after),
  };
}

class S3Ledger {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;

  constructor({ bucket, prefix, isPathStyle, client }: S3LedgerOptions) {
    this.#bucket = bucket;
    this.#prefix = prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
    // A thawed Lambda may hold dead connections: give up on them soon, the SDK tries again on a new one.
    const requestHandler = { connectionTimeout: 5_000, requestTimeout: 20_000 };
    this.#client = client ?? new S3Client({ forcePathStyle: isPathStyle, requestHandler });
  }

  async read(key: string): Promise<Stored> {
    try {
      const { Body, ETag } = await this.#client.send(new GetObjectCommand(this.#at(key)));
      if (Body === undefined || ETag === undefined)
        throw new TransientError(
          `Reading ${key} from bucket ${this.#bucket} gave an answer without its parts.`,
        );
      return { body: await Body.transformToString(), version: ETag };
    } catch (error) {
      if (errorNameOf(error) === "NoSuchKey") return null;
      throw this.#failure(error, `Reading ${key} from`);
    }
  }

  async write(key: string, body: string, condition: Condition): Promise<boolean> {
    for (let conflicts = 0; ; conflicts++) {
      try {
        const content = { Body: body, ContentType: "application/json" };
        await this.#client.send(new PutObjectCommand({ ...this.#at(key), ...content, ...condition }));
        return true;
      } catch (error) {
        const status = statusOf(error);
        if (status === 412) return attemptsOf(error) > 1 && (await this.#isOurs(key, body));
        // The version to replace is gone with its object.
        if (errorNameOf(error) === "NoSuchKey") return false;
        if (status !== 409) throw this.#failure(error, `Writing ${key} to`);
        if ("IfMatch" in condition) return false;
        if (conflicts === CONFLICTS_MAX)
          throw new TransientError(`Writing ${key} met another writer ${conflicts} times in a row.`, {
            cause: error,
          });
      }
    }
  }

  async *list(prefix: string, after?: string): AsyncGenerator<string> {
    const start = after === undefined ? {} : { StartAfter: this.#prefix + after };
    const input = { Bucket: this.#bucket, Prefix: this.#prefix + prefix, ...start };
    try {
      for await (const { Contents = [] } of paginateListObjectsV2({ client: this.#client }, input))
        for (const { Key } of Contents) if (Key !== undefined) yield Key.slice(this.#prefix.length);
    } catch (error) {
      throw this.#failure(error, `Listing ${prefix} in`);
    }
  }

  /**
   * Was it our own earlier attempt that the condition met? Its answer was lost and the SDK sent it again.
   * Bodies name their writer where it matters, so an equal body is ours or says the same.
   */
  async #isOurs(key: string, body: string): Promise<boolean> {
    return (await this.read(key))?.body === body;
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: this.#prefix + key };
  }

  #failure(error: unknown, attempted: string): Error {
    return error instanceof TransientError ? error : failureOf(error, `${attempted} bucket ${this.#bucket}`);
  }
}
