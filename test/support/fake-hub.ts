import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

export interface FakeHub {
  readonly endpoint: string;
  /** What was asked for: path and range. */
  readonly requests: { readonly path: string; readonly range: string | null }[];
  /** Connections that end after so many bytes of body, one entry a request; when empty, nothing breaks. */
  readonly breakAfter: number[];
  /** Statuses answered instead of a file, one entry a request. */
  readonly statuses: number[];
  /** False: answers 200 with the whole file, as some mirrors do. */
  knowsRanges: boolean;
}

/** A hub on the loopback interface that gives these files by path. Closed when the test ends. */
export async function startFakeHub(t: TestContext, files: ReadonlyMap<string, Buffer>): Promise<FakeHub> {
  const server = createServer((request, response) => answer(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const hub: FakeHub = {
    endpoint: `http://127.0.0.1:${port}`,
    requests: [],
    breakAfter: [],
    statuses: [],
    knowsRanges: true,
  };

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? "";
    const range = request.headers.range ?? null;
    hub.requests.push({ path, range });
    const status = hub.statuses.shift();
    const file = files.get(path);
    if (status !== undefined || file === undefined) {
      response.writeHead(status ?? 404).end();
      return;
    }
    const start = hub.knowsRanges && range !== null ? Number(/bytes=(\d+)-/.exec(range)?.[1] ?? 0) : 0;
    const body = file.subarray(start);
    response.writeHead(start > 0 ? 206 : 200, { "content-length": body.length });
    const most = hub.breakAfter.shift();
    if (most === undefined) response.end(body);
    else response.write(body.subarray(0, most), () => response.destroy());
  }
  return hub;
}
