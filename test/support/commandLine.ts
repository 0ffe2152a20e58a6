// The command line as a user starts it: a process of its own.
import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const launcher = join(import.meta.dirname, "..", "..", "bin", "remaster.mjs");

export interface CommandEnd {
  /** Null after SIGKILL. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** The machine-readable last line, when `--json` was given. */
  readonly json: Readonly<Record<string, unknown>> | null;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** SIGKILL when it is aborted: of the run and every process it started, or of the run's own process alone. */
  readonly kill?: { readonly at: AbortSignal; readonly whom: "group" | "parent" };
  /** Ctrl-C once this stands in what it printed. */
  readonly interruptAt?: RegExp;
}

/** A folder of its own for each test: the ledger goes there. */
export const newFolder = (): string => mkdtempSync(join(tmpdir(), "remaster-test-"));

export function remaster(args: readonly string[], options: CommandOptions = {}): Promise<CommandEnd> {
  const { kill } = options;
  const child = spawn(process.execPath, [launcher, ...args], {
    // The leader of a process group of its own.
    detached: kill?.whom === "group",
    cwd: options.cwd ?? newFolder(),
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end(options.input ?? "");
  let [out, err] = ["", ""];
  let isInterrupted = false;
  const look = (): void => {
    if (isInterrupted || options.interruptAt?.test(out + err) !== true) return;
    isInterrupted = true;
    child.kill("SIGINT");
  };
  child.stdout.on("data", (data: Buffer) => {
    out += data.toString();
    look();
  });
  child.stderr.on("data", (data: Buffer) => {
    err += data.toString();
    look();
  });
  const strike = () => {
    if (child.pid === undefined || child.exitCode !== null) return;
    process.kill(kill?.whom === "group" ? -child.pid : child.pid, "SIGKILL");
  };
  kill?.at.addEventListener("abort", strike);
  return new Promise((resolve) => {
    child.on("close", (code) => {
      const line = args.includes("--json") ? (out.trimEnd().split("\n").at(-1) ?? "") : "";
      resolve({ code, out, err, json: line.startsWith("{") ? JSON.parse(line) : null });
    });
  });
}
