// The built-in Qdrant with many points: load, kill, open again, search, read a page. For docs/built-in-qdrant.md:
//   node bench/built-in-qdrant.bench.ts [--points 100000] [--dimensions 768] [--searches 20]
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { PointWrite } from "../src/migration/ports.ts";
import { openQdrant } from "../src/qdrant/client.ts";
import { encodeVector } from "../src/qdrant/floats.ts";
import { parseId } from "../src/qdrant/wire.ts";
import { end, serve } from "../test/local/qdrant/served.ts";
import { seeded } from "../test/support/random.ts";

const { values } = parseArgs({
  options: {
    points: { type: "string", default: "100000" },
    dimensions: { type: "string", default: "768" },
    searches: { type: "string", default: "20" },
  },
});
const points = Number(values.points);
const dimensions = Number(values.dimensions);
const NAME = "bench";
const PAGE = 256;
const random = seeded(7);

function unitVector(): Float32Array {
  const vector = Float32Array.from({ length: dimensions }, () => random.int(2_000_001) / 1_000_000 - 1);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

const pageFrom = (first: number): PointWrite[] =>
  Array.from({ length: Math.min(PAGE, points - first) }, (_, at) => ({
    id: parseId(String(first + at)),
    payload: `{"content":"memory ${first + at} of a long conversation","user":"u${(first + at) % 97}"}`,
    vectors: encodeVector(unitVector()),
  }));

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

const opened = (url: string) => openQdrant({ url, apiKey: async () => null });

async function loadAll(url: string): Promise<number> {
  const qdrant = opened(url);
  await qdrant.createCollection(NAME, { vectors: { size: dimensions, distance: "Cosine" } });
  let ms = 0;
  for (let first = 0; first < points; first += PAGE) {
    // Making the numbers is not the server's work; writing them as text is what any client does.
    const page = pageFrom(first);
    ms += await timed(() => qdrant.upsert(NAME, page));
  }
  return ms;
}

/** Most memory the process has held so far, where the system tells. */
function peakMiB(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

const median = (sorted: readonly number[]) => sorted[sorted.length >> 1] ?? 0;
const data = mkdtempSync(join(tmpdir(), "remaster-bench-"));
try {
  const before = await serve("--port", "0", "--data", data);
  const load = await loadAll(before.url);
  await end(before, "SIGKILL");
  const start = performance.now();
  const after = await serve("--port", "0", "--data", data);
  const reopen = performance.now() - start;
  const qdrant = opened(after.url);
  const found = await qdrant.count(NAME);
  if (found !== points)
    throw new Error(`${points} points were acknowledged, ${found} are there after the kill.`);
  const searched: number[] = [];
  const paged: number[] = [];
  for (let turn = 0; turn < Number(values.searches); turn++) {
    searched.push(await timed(() => qdrant.search(NAME, unitVector(), 10)));
    const from = parseId(String(random.int(points - PAGE)));
    paged.push(await timed(() => qdrant.scroll(NAME, from, PAGE)));
  }
  const [search, page] = [searched, paged].map((all) => median(all.toSorted((a, b) => a - b)));
  const memory = peakMiB(after.child.pid);
  await end(after, "SIGTERM");
  process.stdout.write(
    `${points} points of ${dimensions} dimensions: loaded in ${(load / 1000).toFixed(0)} s (${((1000 * points) / load).toFixed(0)} points/s), ` +
      `opened again after kill -9 in ${(reopen / 1000).toFixed(1)} s, all points there; median search ${search?.toFixed(0)} ms, ` +
      `page of ${PAGE} payloads ${page?.toFixed(1)} ms; ${memory.toFixed(0)} MiB at most\n`,
  );
} finally {
  rmSync(data, { recursive: true });
}
