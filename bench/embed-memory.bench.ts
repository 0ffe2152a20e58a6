// What a worker costs besides time: cold start to the first vector, memory over many texts (some of 100,000
// characters), and how long its event loop is kept waiting. Bundled as in the image of the functions, unless `--plain`.
//
//   node bench/embed-memory.bench.ts --model DIR [--texts 2000] [--plain]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { bundling, threadFiles } from "../functions/embedder/image/threads.mjs";
import type { Watched, WatchSettings } from "./embed-watch.ts";

const { values: flags } = parseArgs({
  options: {
    model: { type: "string" },
    texts: { type: "string", default: "2000" },
    plain: { type: "boolean", default: false },
  },
});

/** A bundle beside the packages, which native code is still loaded from. */
async function bundle(outdir: string): Promise<string> {
  await build({
    entryPoints: [
      { in: join(import.meta.dirname, "embed-watch.ts"), out: "embed-watch" },
      ...threadFiles().map(({ file, name }) => ({ in: file, out: name })),
    ],
    outdir,
    ...bundling,
  });
  return join(outdir, "embed-watch.mjs");
}

if (flags.model === undefined) throw new Error("Name the model's directory with --model.");
const settings: WatchSettings = { directory: resolve(flags.model), texts: Number(flags.texts) };
const outdir = mkdtempSync(join(import.meta.dirname, "../node_modules/.remaster-bench-"));
try {
  const program = flags.plain ? join(import.meta.dirname, "embed-watch.ts") : await bundle(outdir);
  const child = spawn(process.execPath, [program, JSON.stringify(settings)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  // This process does nothing: its loop is late only where the machine is busy with others.
  const idle = monitorEventLoopDelay({ resolution: 1 });
  idle.enable();
  for await (const line of createInterface({ input: child.stdout })) {
    const { texts, coldMs, rssMiB, peakMiB, loopDelayMs }: Watched = JSON.parse(line);
    console.log(
      `${texts} texts: ${rssMiB} MiB, peak ${peakMiB} MiB; cold start ${coldMs} ms; event loop late by at most ${loopDelayMs} ms (an idle one: ${Math.round(idle.max / 1e6)} ms)`,
    );
  }
  const [code] = await ended;
  if (code !== 0) process.exitCode = 1;
} finally {
  rmSync(outdir, { recursive: true });
}
