import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import { fault, type QdrantFault } from "./fault.ts";

const bodyBytesMax = 32 * 1024 * 1024;

const decoders = { gzip: promisify(gunzip), deflate: promisify(inflate), br: promisify(brotliDecompress) };

/** The text of a request's body, unpacked where it came packed. Throws 400 over 32 MiB, packed or not. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  // Read to the end also when it is too much: a client that is still sending does not see an answer.
  for await (const piece of request) {
    bytes += piece.length;
    if (bytes <= bodyBytesMax) pieces.push(piece);
  }
  if (bytes > bodyBytesMax) throw tooLarge(bytes);
  return (await unpacked(Buffer.concat(pieces), request.headers["content-encoding"])).toString("utf8");
}

const tooLarge = (bytes: number): QdrantFault =>
  fault(400, `JSON payload (${bytes} bytes) is larger than allowed (limit: ${bodyBytesMax} bytes).`);

async function unpacked(body: Buffer, encoding: string | undefined): Promise<Buffer> {
  if (encoding === undefined || encoding === "identity") return body;
  const name = (["gzip", "deflate", "br"] as const).find((known) => known === encoding);
  if (name === undefined) throw fault(415, `Content-Encoding ${encoding} is not supported`);
  try {
    return await decoders[name](body, { maxOutputLength: bodyBytesMax });
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge(bodyBytesMax + 1);
    throw fault(400, "The request's body could not be unpacked");
  }
}
