// Bundles the functions that run in the image: one file each, where Lambda looks for it.
//   node functions/embedder/image/bundle.mjs <output directory>
import { globSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { build } from "esbuild";

const [outdir] = process.argv.slice(2);
const handlers = globSync(["embedder", "live", "query"].map((name) => `functions/${name}/handler.ts`));
const worker = "src/embedding/worker.ts";

// The session's thread is started by its file's address beside its starter. In a bundle the starter lies with the
// handler, so a bundled worker does too.
const workerAddress = {
  name: "worker-address",
  setup({ onLoad }) {
    onLoad({ filter: /src\/embedding\/[^/]+\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace('new URL("./worker.ts"', 'new URL("./worker.mjs"'),
      loader: "ts",
    }));
  },
};

await build({
  entryPoints: handlers.flatMap((file) => [
    { in: file, out: file.replace(/\.ts$/, "") },
    { in: worker, out: `${dirname(file)}/worker` },
  ]),
  outdir,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  plugins: [workerAddress],
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
