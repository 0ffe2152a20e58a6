#!/usr/bin/env node
// Starts the command line with a Node that can run it. npm may itself run on an older one, and `bin` names one file:
// so this file must be understood by any Node from 18 on.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

// The first that runs TypeScript as it is and keeps integers beyond 2^53.
const NODE_MAJOR = 24;
const here = dirname(fileURLToPath(import.meta.url));

const node = findNode();
if (node === null) {
  process.stderr.write(
    `Error: Remaster needs Node ${NODE_MAJOR} or newer, this is ${process.version}, and the package node-${process.platform}-${process.arch} that could bring one is not installed; install Node ${NODE_MAJOR} and try again.\n`,
  );
  process.exitCode = 2;
} else if (node === process.execPath) {
  await import("./remaster.ts");
} else {
  run(node);
}

function findNode() {
  if (Number(process.versions.node.split(".")[0]) >= NODE_MAJOR) return process.execPath;
  // Beside the package or above it, wherever npm put it: the way Node itself looks for packages.
  for (let folder = here; ; folder = dirname(folder)) {
    const found = join(folder, "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
    if (existsSync(found)) return found;
    if (folder === dirname(folder)) return null;
  }
}

function run(node) {
  const child = spawn(node, [join(here, "remaster.ts"), ...process.argv.slice(2)], { stdio: "inherit" });
  // Ctrl-C in a terminal reaches the child by itself, and twice would mean "at once".
  const isTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  process.on("SIGINT", () => !isTerminal && child.kill("SIGINT"));
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`Error: ${node} did not start: ${error.message}\n`);
    process.exitCode = 2;
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exitCode = code;
    else endBy(signal);
  });
}

/** As the child ended, so that a shell sees the same. */
function endBy(signal) {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
