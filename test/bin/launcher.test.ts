import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const root = mkdtempSync(join(tmpdir(), "remaster-launcher-"));
after(() => rmSync(root, { recursive: true, force: true }));

/** Says what it was started with; then waits for a signal, dies or ends as it is told. */
const PROGRAM = `
const [, , ...args] = process.argv as string[];
console.log(JSON.stringify({ args }));
if (args[0] === "wait") setInterval(() => {}, 1_000);
else if (args[0] === "die") process.kill(process.pid, "SIGKILL");
else process.exitCode = Number(args[0]);
`;

/** The launcher beside a program of this test; `nodeIn`: the folder, of it or above it, with a newer Node. */
function install(nodeIn: "checkout" | "above" | null): string {
  const above = mkdtempSync(join(root, "installed-"));
  const checkout = join(above, "checkout");
  mkdirSync(join(checkout, "bin"), { recursive: true });
  copyFileSync(join(import.meta.dirname, "../../bin/remaster.mjs"), join(checkout, "bin", "remaster.mjs"));
  writeFileSync(join(checkout, "bin", "remaster.ts"), PROGRAM);
  writeFileSync(join(checkout, "package.json"), '{ "type": "module" }');
  if (nodeIn !== null) {
    const folder = nodeIn === "above" ? above : checkout;
    const node = join(folder, "node_modules", `node-${process.platform}-${process.arch}`, "bin");
    mkdirSync(node, { recursive: true });
    symlinkSync(process.execPath, join(node, "node"));
  }
  return join(checkout, "bin", "remaster.mjs");
}

// Makes a Node take itself for an older one.
const OLD = `data:text/javascript,Object.defineProperty(process,"versions",{value:{node:"18.20.0"}})`;

interface Started {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  /** Exit code, or the signal that ended it. */
  readonly end: Promise<number | string>;
}

function start(launcher: string, args: readonly string[], isOld: boolean): Started {
  const flags = isOld ? ["--import", OLD] : [];
  const child = spawn(process.execPath, [...flags, launcher, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const written = { out: "", err: "" };
  child.stdout.on("data", (data) => {
    written.out += data;
  });
  child.stderr.on("data", (data) => {
    written.err += data;
  });
  const end = once(child, "close").then(([code, signal]) => code ?? signal);
  return { child, out: () => written.out, err: () => written.err, end };
}

for (const [title, nodeIn, isOld] of [
  ["a Node that is new enough runs the program itself", null, false],
  ["an older Node hands over to a newer one among the packages", "checkout", true],
  ["an older Node finds the newer one above, where npm may put it", "above", true],
] as const)
  test(`${title}, with arguments and exit code`, async () => {
    const { out, end } = start(install(nodeIn), ["7", "--json", "a b"], isOld);

    assert.equal(await end, 7);
    assert.deepEqual(JSON.parse(out()), { args: ["7", "--json", "a b"] });
  });

test("an older Node without a newer one says what to do", async () => {
  const { out, err, end } = start(install(null), ["0"], true);

  assert.equal(await end, 2);
  assert.match(err(), /^Error: Remaster needs Node 24 or newer, .* install Node 24 and try again\.\n$/);
  assert.equal(out(), "");
});

for (const signal of ["SIGTERM", "SIGINT"] as const)
  test(`${signal} reaches the program behind the launcher, and its answer comes back`, async () => {
    const { child, end } = start(install("checkout"), ["wait"], true);
    await once(child.stdout ?? child, "data");

    child.kill(signal);

    assert.equal(await end, signal);
  });

test("a program that is killed ends its launcher the same way", async () => {
  const { end } = start(install("checkout"), ["die"], true);

  assert.equal(await end, "SIGKILL");
});
