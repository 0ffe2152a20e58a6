// Bundles the entry points of the functions that run in the image: one file each where Lambda looks for it.
//   node functions/embedder/image/bundle.mjs <output directory>
import { globSync } from "node:fs";
import { build } from "esbuild";

const [outdir] = process.argv.slice(2);
const image = ["embedder", "live", "query"];

await build({
  // A worker thread is started by its file's address, so it is an entry point too and lies beside its starter.
  entryPoints: [
    ...globSync(image.map((name) => `functions/${name}/handler.ts`)),
    ...globSync("src/embedding/**/*worker*.ts"),
  ],
  outdir,
  outbase: ".",
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  mainFields: ["module", "main"],
  // Native code stays a package of its own, in the layer below.
  external: ["onnxruntime-node"],
  minify: true,
  keepNames: true,
  sourcemap: "linked",
  sourcesContent: false,
  banner: {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url); process.setSourceMapsEnabled(true);',
  },
  logLevel: "warning",
});
