// Bundles the functions that run in the image, and the embedder that polls by itself: one file each, where Lambda
// looks for it.
//   node functions/embedder/image/bundle.mjs <output directory>
import { globSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { bundling, threadFiles } from "./threads.mjs";

const [outdir] = process.argv.slice(2);
const handlers = globSync([
  ...["embedder", "live", "query"].map((name) => `functions/${name}/handler.ts`),
  "functions/embedder/poll.ts",
]);

const started = threadFiles();

await build({
  entryPoints: handlers.flatMap((file) => [
    { in: file, out: file.replace(/\.ts$/, "") },
    ...started.map(({ file: thread, name }) => ({ in: thread, out: `${dirname(file)}/${name}` })),
  ]),
  outdir,
  ...bundling,
  sourcemap: "linked",
  sourcesContent: false,
  logLevel: "warning",
});

// Where the code looks for the built-in models; in the image there are none but those of the model layer.
mkdirSync(join(outdir, "demo/models"), { recursive: true });
