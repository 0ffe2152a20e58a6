import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const script = join(import.meta.dirname, "serve.ts");

export interface Served {
  readonly child: ChildProcess;
  readonly url: string;
  readonly line: string;
}

/** Starts `remaster qdrant` in a process and waits for its line. Rejects with what it wrote when it ends instead. */
export async function serve(...flags: string[]): Promise<Served> {
  const child = spawn(process.execPath, [script, "qdrant", ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  const complaint = text(child.stderr);
  const ended = once(child, "exit").then(async ([code]) => {
    throw new Error(`exit code ${code}: ${await complaint}`);
  });
  const line = String((await Promise.race([once(child.stdout, "data"), ended]))[0]);
  ended.catch(() => {});
  return { child, line, url: /http:\S+?(?=,)/.exec(line)?.[0] ?? "" };
}

/** Sends a signal and resolves to the exit code, null after a kill. */
export async function end({ child }: Served, signal: NodeJS.Signals): Promise<number | null> {
  const exit = once(child, "exit");
  child.kill(signal);
  const [code] = await exit;
  return code;
}
