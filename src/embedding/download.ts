import { createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { ConfigError, TransientError } from "../migration/errors.ts";
import { sha256File } from "./sums.ts";

export interface Download {
  readonly url: string;
  /** Where the file is written. What an earlier try left there is gone on with. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface DownloadOptions {
  /** Called with bytes that are here, out of `bytes`. */
  readonly onProgress: (bytes: number) => void;
  /** Pause before a new try, in milliseconds. */
  readonly retryMs?: number;
}

// Hubs close long connections now and then; each try goes on where the last one ended.
const TRIES_MAX = 6;
const RETRY_MS = 2000;
// A connection that is silent for this long is given up.
const SILENCE_MS = 30_000;

const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => null))?.size ?? 0;

/**
 * Gets one file and checks its sha256. Twice is harmless: a whole file is hashed and not asked for again.
 * @throws ConfigError when the server refuses or the file is another one; TransientError when it cannot be
 * reached or breaks off again and again, with everything that came kept for the next try.
 */
export async function downloadFile(download: Download, options: DownloadOptions): Promise<void> {
  let cause: unknown;
  for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
    if (attempt > 0) await sleep((options.retryMs ?? RETRY_MS) * attempt);
    try {
      await goOn(download, options);
      return await checkHash(download);
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      cause = error;
    }
  }
  throw new TransientError(
    `Getting ${download.url} broke off ${TRIES_MAX} times, ${await sizeOf(download.path)} of ${download.bytes} bytes are here; run the same command again to go on.`,
    { cause },
  );
}

async function goOn(download: Download, { onProgress }: DownloadOptions): Promise<void> {
  const { url, path, bytes } = download;
  const here = await sizeOf(path);
  // More than the whole cannot become the whole.
  if (here > bytes) await rm(path);
  if (here === bytes) return onProgress(bytes);
  const start = here > bytes ? 0 : here;

  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(new Error(`no data for ${SILENCE_MS / 1000} s`)), SILENCE_MS);
  try {
    const response = await fetch(url, {
      headers: start === 0 ? {} : { range: `bytes=${start}-` },
      signal: silence.signal,
    });
    refuseStatus(url, response);
    // A server that knows no ranges answers 200 with the whole file.
    let written = response.status === 206 ? start : 0;
    const file = createWriteStream(path, { flags: written === 0 ? "w" : "a" });
    await pipeline(
      bodyOf(response),
      async function* (chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          timer.refresh();
          written += chunk.length;
          if (written > bytes) throw tooLong(download);
          onProgress(written);
          yield chunk;
        }
      },
      file,
    );
    if (written < bytes) throw new Error(`the connection ended after ${written} of ${bytes} bytes`);
  } finally {
    clearTimeout(timer);
  }
}

function bodyOf(response: Response): Readable {
  if (response.body === null) throw new Error("the answer has no body");
  return Readable.fromWeb(response.body);
}

function refuseStatus(url: string, { status }: Response): void {
  if (status === 200 || status === 206) return;
  if (status === 408 || status === 429 || status >= 500) throw new Error(`status ${status}`);
  throw new ConfigError(
    `${url} was refused with status ${status}; check the address (HF_ENDPOINT), or get the file by hand and use --from.`,
  );
}

const tooLong = ({ url, bytes }: Download): ConfigError =>
  new ConfigError(`${url} is longer than the ${bytes} bytes its manifest says; it is another file.`);

/** A whole file with a wrong hash is useless for going on: it is deleted. */
async function checkHash({ url, path, sha256 }: Download): Promise<void> {
  const found = await sha256File(path);
  if (found === sha256) return;
  await rm(path);
  throw new ConfigError(
    `${url} has sha256 ${found}, expected ${sha256}; it was deleted. The server or a mirror between gives another file.`,
  );
}
