// A way of embedding as a living process that gets the same texts in its turn.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface WayAnswer {
  readonly ms: number;
  readonly cpuMs: number;
  readonly maxRssMiB: number;
  readonly vectors?: readonly (readonly number[])[];
}

export interface Way {
  readonly name: string;
  readonly coldMs: number;
  embed(texts: readonly string[], wantsVectors: boolean): Promise<WayAnswer>;
  stop(): void;
}

/** Null, with the reason said, when the way cannot be started here. */
export async function startWay(name: string, command: string, args: readonly string[]): Promise<Way | null> {
  const child = spawn(command, [...args], { stdio: ["pipe", "pipe", "pipe"] });
  const complaints: string[] = [];
  child.stderr.on("data", (bytes: Buffer) => complaints.push(String(bytes)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = await firstLine(child, lines);
  if (first === null) {
    const reason = complaints
      .join("")
      .split("\n")
      .find((line) => line.includes("Error"));
    console.log(`${name}: left out, ${reason || `${command} cannot be started`}`);
    return null;
  }
  const { coldMs }: { coldMs: number } = JSON.parse(first);
  return {
    name,
    coldMs,
    async embed(texts, wantsVectors) {
      child.stdin.write(`${JSON.stringify({ texts, wantsVectors })}\n`);
      const { value } = await lines.next();
      if (value === undefined) throw new Error(`${name} ended: ${complaints.join("").trim()}`);
      return JSON.parse(value);
    },
    stop: () => {
      child.stdin.end();
      child.kill();
    },
  };
}

async function firstLine(child: ChildProcess, lines: AsyncIterator<string>): Promise<string | null> {
  const failed = new Promise<null>((resolve) => child.once("error", () => resolve(null)));
  const line = lines.next().then(({ value, done }) => (done ? null : value));
  return Promise.race([line, failed]);
}
