// A loopback server that answers what a test says, and keeps what it was asked.
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly headers: IncomingMessage["headers"];
}

export interface GivenAnswer {
  readonly status?: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Cut the connection instead of answering. */
  readonly cut?: boolean;
  /** Never answer. */
  readonly hang?: boolean;
}

export async function startAnswers(answer: (asked: Asked, index: number) => GivenAnswer) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const raw = Buffer.concat(chunks);
      const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw;
      const one = {
        method: request.method ?? "",
        path: request.url ?? "",
        body: body.toString(),
        headers: request.headers,
      };
      asked.push(one);
      const {
        status = 200,
        body: text = '{"result":true,"status":"ok"}',
        headers = {},
        cut = false,
        hang = false,
      } = answer(one, asked.length - 1);
      if (hang) return;
      if (cut) request.socket.destroy();
      else response.writeHead(status, { "content-type": "application/json", ...headers }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
