import {
  closeSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from "node:fs";
import { crc32 } from "node:zlib";

// A record on disk: length of the content and its checksum, four bytes each, then the content.
const headBytes = 8;

// Acknowledged writes have left the process; once a second they are forced to the disk itself. A killed process
// loses nothing, a machine that loses power loses at most this.
const syncMs = 1000;

/** An append-only file of records. */
export class LogFile {
  readonly #path: string;
  readonly #syncTimer: NodeJS.Timeout;
  #file: number;
  #bytes = 0;
  #isDirty = false;

  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, "a+");
    this.#syncTimer = setInterval(() => this.#sync(), syncMs).unref();
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Hands every whole record to `take` and cuts off what a crash left half written. To be called once, first. */
  replay(take: (content: Buffer) => void): void {
    const head = Buffer.alloc(headBytes);
    for (;;) {
      const content = readRecord(this.#file, head, this.#bytes);
      if (content === undefined) break;
      take(content);
      this.#bytes += headBytes + content.length;
    }
    ftruncateSync(this.#file, this.#bytes);
  }

  /**
   * Returns when the operating system has the record, so that it outlives the process. Throws when it cannot take
   * it, for instance on a full disk; what was half written is cut off, so that later records can be read.
   */
  append(content: Buffer): void {
    const record = encodeRecord(content);
    try {
      writeWhole(this.#file, record);
    } catch (cause) {
      ftruncateSync(this.#file, this.#bytes);
      throw cause;
    }
    this.#bytes += record.length;
    this.#isDirty = true;
  }

  /** Puts `contents` in the place of all records at once: a crash leaves the old file or the new one. */
  replace(contents: Iterable<Buffer>): void {
    const next = `${this.#path}.next`;
    const file = openSync(next, "w");
    let bytes = 0;
    for (const content of contents) {
      const record = encodeRecord(content);
      writeWhole(file, record);
      bytes += record.length;
    }
    fsyncSync(file);
    closeSync(file);
    renameSync(next, this.#path);
    closeSync(this.#file);
    this.#file = openSync(this.#path, "a+");
    this.#bytes = bytes;
  }

  close(): void {
    clearInterval(this.#syncTimer);
    fsyncSync(this.#file);
    closeSync(this.#file);
  }

  #sync(): void {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    // A failed sync is tried again a second later, with the next one.
    fsync(this.#file, (error) => {
      if (error !== null) this.#isDirty = true;
    });
  }
}

function encodeRecord(content: Buffer): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt32LE(content.length, 0);
  head.writeUInt32LE(crc32(content), 4);
  return Buffer.concat([head, content]);
}

/** The content of the record at `position`; undefined where the file ends or the record is not whole. */
function readRecord(file: number, head: Buffer, position: number): Buffer | undefined {
  if (readSync(file, head, 0, headBytes, position) < headBytes) return undefined;
  const length = head.readUInt32LE(0);
  // A torn head can claim anything: nothing longer than a body's points, twice over, was ever written.
  if (length > recordBytesMax) return undefined;
  const content = Buffer.alloc(length);
  if (readSync(file, content, 0, length, position + headBytes) < length) return undefined;
  return crc32(content) === head.readUInt32LE(4) ? content : undefined;
}

const recordBytesMax = 512 * 1024 * 1024;

function writeWhole(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}
