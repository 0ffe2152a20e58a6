// Writes picked/package.json and picked/package-lock.json: the named packages with all they need, as the lock file
// has them. `npm ci` then installs a tenth of the repository's dependencies, in the versions everything was tested with.
//   node pick-packages.mjs <package>…
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const names = process.argv.slice(2);
const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));

/** Key of the package that `require(name)` finds from the package at `from`: the nearest node_modules upwards. */
function resolveFrom(from, name) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf("node_modules/") - 1))) {
    const key = `${at === "" ? "" : `${at}/`}node_modules/${name}`;
    if (key in lock.packages) return key;
    if (at === "") return undefined;
  }
}

const picked = new Map();

function pick(key) {
  if (picked.has(key)) return;
  const entry = lock.packages[key];
  picked.set(key, entry);
  // An optional package of another platform is in the lock file too; `npm ci` leaves it out by its os and cpu.
  // Peers are left out: the one there is (a compiler, for types) is not needed to run.
  const needed = { ...entry.dependencies, ...entry.optionalDependencies };
  for (const name of Object.keys(needed)) {
    const found = resolveFrom(key, name);
    if (found !== undefined) pick(found);
  }
}

for (const name of names) {
  const key = resolveFrom("", name);
  if (key === undefined)
    throw new Error(`package-lock.json has no ${name}; add it to package.json or name another.`);
  pick(key);
}

const manifest = {
  name: "image",
  version: "0.0.0",
  private: true,
  dependencies: Object.fromEntries(names.map((name) => [name, picked.get(`node_modules/${name}`).version])),
};
// What the repository only needs for development is a dependency like any other here.
const packages = Object.fromEntries([...picked].map(([key, { dev, devOptional, ...entry }]) => [key, entry]));

mkdirSync("picked", { recursive: true });
writeFileSync("picked/package.json", JSON.stringify(manifest, null, 2));
writeFileSync(
  "picked/package-lock.json",
  JSON.stringify(
    {
      ...manifest,
      lockfileVersion: lock.lockfileVersion,
      requires: true,
      packages: { "": manifest, ...packages },
    },
    null,
    2,
  ),
);
