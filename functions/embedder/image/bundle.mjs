// Bundles the functions that run in the image, and the embedder that polls by itself: one file each, where Lambda
// looks for it.
//   node functions/embedder/image/bundle.mjs <output directory>
import { globSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "esbuild";

const [outdir] = process.argv.slice(2);
const handlers = globSync([
  ...["embedder", "live", "query"].map((name) => `functions/${name}/handler.ts`),
  "functions/embedder/poll.ts",
]);

// Threads are started by the address of a file beside their starter. In a bundle the starter lies with the handler,
// so a bundle of the thread's file lies there too.
const ADDRESS = /new URL\("\.\/([\w-]+)\.ts", import\.meta\.url\)/g;
const started = globSync("src/**/*.ts").flatMap((file) =>
  [...readFileSync(file, "utf8").matchAll(ADDRESS)].map(([, name]) => ({
    file: join(dirname(file), `${name}.ts`),
    name,
  })),
);
const threadAddresses = {
  name: "thread-addresses",
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replaceAll(ADDRESS, 'new URL("./$1.mjs", import.meta.url)'),
      loader: "ts",
    }));
  },
};

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
