// Bundles the functions that run in the image, and the embedder that polls by itself: one file each, where Lambda
// looks for it.
//   node functions/embedder/image/bundle.mjs <output directory>
import { globSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { threadAddresses, threadFiles } from "./threads.mjs";

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
  outExtension: { ".js": ".mjs" },
  bundle: true,
  plugins: [threadAddresses],
  platform: "node",
  target: "node24",
  format: "esm",
  mainFields: ["module", "main"],
  // Native code stays a package of its own, in a layer below.
  external: ["onnxruntime-node"],
  minify: true,
  // Names of errors are part of the contract with the workflow.
  keepNames: true,
  sourcemap: "linked",
  sourcesContent: false,
  banner: {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url); process.setSourceMapsEnabled(true);',
  },
  logLevel: "warning",
});

// Where the code looks for the built-in models; in the image there are none but those of the model layer.
mkdirSync(join(outdir, "demo/models"), { recursive: true });
