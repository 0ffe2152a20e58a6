// A road to a server on which every request is counted, and on which something may happen at the n-th: before it is
// passed on or when it has been answered.
import { once } from "node:events";
import {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request,
  type ServerResponse,
} from "node:http";

export interface Moment {
  readonly request: number;
  /** True: the server has done it, and its answer is never heard. */
  readonly isAnswered: boolean;
  readonly strike: () => void;
}

export interface CountingProxy extends AsyncDisposable {
  readonly url: string;
  /** Requests since `strikeAt` was called. */
  readonly count: number;
  /** Starts counting anew. */
  strikeAt(moment: Moment | null): void;
}

export async function startProxy(target: string): Promise<CountingProxy> {
  let [count, moment]: [number, Moment | null] = [0, null];
  const server = createServer((asked, answer) => {
    const mine = ++count === moment?.request ? moment : null;
    if (mine !== null && !mine.isAnswered) {
      mine.strike();
      return answer.destroy();
    }
    const { method, headers, url } = asked;
    const onward = request(new URL(url ?? "/", target), { method, headers }, (answered) => {
      if (mine === null) return pass(answered, answer);
      mine.strike();
      answered.resume();
      answer.destroy();
    });
    carry(asked, onward, answer);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`,
    get count() {
      return count;
    },
    strikeAt(next) {
      [count, moment] = [0, next];
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await once(server.close(), "close");
    },
  };
}

function pass(answered: IncomingMessage, answer: ServerResponse): void {
  answer.writeHead(answered.statusCode ?? 502, answered.headers);
  answered.pipe(answer);
}

/** A side that is gone ends the other. */
function carry(asked: IncomingMessage, onward: ClientRequest, answer: ServerResponse): void {
  onward.on("error", () => answer.destroy());
  answer.on("error", () => onward.destroy());
  asked.pipe(onward);
}
