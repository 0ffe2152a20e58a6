import { ConfigError } from "../migration/errors.ts";
import type { Ledger } from "../migration/ports.ts";
import { openFolderLedger } from "./folder.ts";

export interface LedgerOptions {
  /** See `Config.isS3PathStyle`. */
  readonly isS3PathStyle?: boolean;
}

/**
 * The ledger at `file:///absolute/folder` (the path as it is, nothing escaped) or `s3://bucket/prefix`.
 * @throws ConfigError for any other address.
 */
export async function openLedger(url: string, options: LedgerOptions = {}): Promise<Ledger> {
  const folder = /^file:\/\/(\/.+)$/.exec(url)?.[1];
  if (folder !== undefined) return openFolderLedger(folder);
  const [, bucket, prefix] = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(url) ?? [];
  if (bucket === undefined)
    throw new ConfigError(
      `A ledger is at s3://bucket/prefix or file:///absolute/folder, not at ${JSON.stringify(url)}.`,
    );
  // Only where it is needed: on one machine nothing of the AWS SDK is loaded.
  const { openS3Ledger } = await import("./s3.ts");
  return openS3Ledger({ bucket, prefix: prefix ?? "", isPathStyle: options.isS3PathStyle ?? false });
}
