// A host with the functions of this folder, and what they wrote.
import { join } from "node:path";
import { type Host, type HostOptions, startHost } from "../../../local/host/host.ts";

export interface Line {
  readonly event: string;
  readonly page?: number;
  readonly delivery?: number;
  readonly eventSource?: string;
  readonly pid?: number;
}

export const hostOptions: HostOptions = {
  qdrantUrl: "http://127.0.0.1:6333",
  apiKey: "a-key",
  ledgerFolder: "/ledger",
  modelDir: null,
  embeddingModel: "static-768-8k",
  embeddingDimensions: null,
  concurrency: 2,
  onLog: () => {},
  functionsRoot: join(import.meta.dirname, "functions"),
  queue: { retryDelayMs: 10, retryDelayMaxMs: 50 },
};

export class StartedHost implements AsyncDisposable {
  readonly host: Host;
  readonly lines: readonly Line[];
  readonly #news: EventTarget;

  private constructor(host: Host, lines: readonly Line[], news: EventTarget) {
    this.host = host;
    this.lines = lines;
    this.#news = news;
  }

  static async start(changed: Partial<HostOptions> = {}): Promise<StartedHost> {
    const lines: Line[] = [];
    const news = new EventTarget();
    const onLog = (text: string) => {
      // A crashed process writes its stack, which is no JSON.
      if (!text.startsWith("{")) return;
      lines.push(JSON.parse(text));
      news.dispatchEvent(new Event("line"));
    };
    return new StartedHost(await startHost({ ...hostOptions, ...changed, onLog }), lines, news);
  }

  /** Waits until the functions have written as many lines of an event. */
  async sees(event: string, count: number): Promise<readonly Line[]> {
    for (;;) {
      const found = this.lines.filter((line) => line.event === event);
      if (found.length >= count) return found;
      await new Promise((resolve) => this.#news.addEventListener("line", resolve, { once: true }));
    }
  }

  sends(...pages: readonly object[]): Promise<unknown> {
    return this.host.invoke("planner", { act: "send", messages: pages.map((page) => JSON.stringify(page)) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host.stop({ graceMs: 0 });
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits until a process is gone. */
export async function ended(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
}
