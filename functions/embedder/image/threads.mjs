// Threads are started by the address of a file beside their starter. In a bundle the starter lies with the program,
// so a bundle of the thread's file lies there too.
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const ADDRESS = /new URL\("\.\/([\w-]+)\.ts", import\.meta\.url\)/g;

/** Files that are started as threads, as `{file, name}`. */
export const threadFiles = () =>
  globSync("src/**/*.ts").flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(ADDRESS)].map(([, name]) => ({
      file: join(dirname(file), `${name}.ts`),
      name,
    })),
  );

/** esbuild's plugin that lets a starter find the bundle of its thread. */
const threadAddresses = {
  name: "thread-addresses",
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replaceAll(ADDRESS, 'new URL("./$1.mjs", import.meta.url)'),
      loader: "ts",
    }));
  },
};

/** How the image's code is bundled, whatever the entry: measured as it runs. */
export const bundling = {
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
  banner: {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url); process.setSourceMapsEnabled(true);',
  },
};
