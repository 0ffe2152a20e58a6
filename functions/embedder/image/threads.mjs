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
export const threadAddresses = {
  name: "thread-addresses",
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replaceAll(ADDRESS, 'new URL("./$1.mjs", import.meta.url)'),
      loader: "ts",
    }));
  },
};
