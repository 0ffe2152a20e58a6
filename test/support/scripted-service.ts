// An HTTP service on loopback that answers a list of answers in turn and keeps what it was asked.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";

export interface ScriptedAnswer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection breaks instead of an answer. */
  readonly isLost?: boolean;
}

export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export class ScriptedService {
  readonly requests: ReceivedRequest[] = [];
  readonly #server: Server;
  readonly #answers: ScriptedAnswer[];

  private constructor(answers: readonly ScriptedAnswer[]) {
    this.#answers = [...answers];
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const { method = "", url = "", headers } = request;
      this.requests.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      const answer = this.#answers.shift() ?? { status: 500, body: "The script is over." };
      if (answer.isLost === true) request.socket.destroy();
      else response.writeHead(answer.status, answer.headers).end(answer.body ?? "");
    });
  }

  static async start(answers: readonly ScriptedAnswer[]): Promise<ScriptedService> {
    const service = new ScriptedService(answers);
    await once(service.#server.listen(0, "127.0.0.1"), "listening");
    return service;
  }

  /** Settings for an AWS client that talks to this service and does not wait between its attempts. */
  get settings() {
    const address = this.#server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    return {
      endpoint: `http://127.0.0.1:${port}`,
      region: "us-east-1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
