// One process that embeds page after page and watches itself: reads nothing, prints one JSON line a tenth of the way.
// Started by embed-memory.bench.ts with its settings as one JSON argument.
import { readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { locateDirectory } from "../src/embedding/directory.ts";
import { loadModel } from "../src/embedding/load.ts";
import { chatTexts } from "./corpus.ts";

export interface WatchSettings {
  readonly directory: string;
  readonly texts: number;
}

/** What is known after some texts. */
export interface Watched {
  readonly texts: number;
  readonly coldMs: number;
  readonly rssMiB: number;
  readonly peakMiB: number;
  /** The longest that the event loop was kept waiting while texts were embedded. */
  readonly loopDelayMs: number;
}

const PAGE_TEXTS = 256;
// The longest text that a page may well hold, now and then.
const LONG_TEXT = "a memory of the sea ".repeat(5000);
const LONG_EVERY_PAGES = 8;

const statusMiB = (field: string): number => {
  const value = new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return Math.round(Number(value) / 1024);
};

const { directory, texts }: WatchSettings = JSON.parse(process.argv[2] ?? "{}");
const delays = monitorEventLoopDelay({ resolution: 1 });
delays.enable();
const model = await locateDirectory(directory);
if (model === null) throw new Error(`${directory} holds no model description.`);
const embedder = await loadModel(model, 1);
await embedder.embed(["A first text."], "passage");
const coldMs = Math.round(performance.now());
// From here on: what a process that also reads and writes feels while texts are embedded.
delays.reset();

function report(done: number): void {
  const memory = { rssMiB: statusMiB("VmRSS"), peakMiB: statusMiB("VmHWM") };
  const watched: Watched = { texts: done, coldMs, ...memory, loopDelayMs: Math.round(delays.max / 1e6) };
  console.log(JSON.stringify(watched));
}

report(1);
const pages = Math.ceil(texts / PAGE_TEXTS);
for (let page = 0; page < pages; page++) {
  const count = Math.min(PAGE_TEXTS, texts - page * PAGE_TEXTS);
  const long = page % LONG_EVERY_PAGES === 0 ? [LONG_TEXT] : [];
  await embedder.embed([...long, ...chatTexts(count - long.length, page)], "passage");
  if (Math.floor((10 * page) / pages) !== Math.floor((10 * (page + 1)) / pages))
    report(page * PAGE_TEXTS + count);
}
process.exit(0);
