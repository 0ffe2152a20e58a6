// The producers of docs/live-events.md, word for word, as processes with an application's credentials.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const FOLDER = join(ROOT, ".remaster/stack");
const BOTO3 = "1.44.8";
const PACKAGES = join(FOLDER, `boto3-${BOTO3}`);

type Environment = Readonly<Record<string, string | undefined>>;

function blockOf(language: "python" | "ts"): string {
  const page = readFileSync(join(ROOT, "docs/live-events.md"), "utf8");
  const block = page.split(`\`\`\`${language}\n`)[1]?.split("```")[0];
  if (block === undefined) throw new Error(`docs/live-events.md has no producer in ${language}.`);
  return block;
}

/** Installs boto3 beside the emulator where it is not yet. @returns why there is none; null when there is. */
export function whyNoBoto3(): string | null {
  if (existsSync(PACKAGES)) return null;
  const args = ["-m", "pip", "install", "--quiet", "--target", PACKAGES, `boto3==${BOTO3}`];
  const { status, stderr } = spawnSync("python3", args, { encoding: "utf8" });
  if (status === 0) return null;
  rmSync(PACKAGES, { recursive: true, force: true });
  return `pip could not install boto3: ${stderr?.trim().slice(-300).replaceAll(/\s+/g, " ")}`;
}

/** @param use Lines that call the producer's functions. @throws Error with what it wrote when it fails. */
export function runPython(use: string, env: Environment): void {
  const PYTHONPATH = PACKAGES;
  execFileSync("python3", ["-c", `${blockOf("python")}\n${use}`], { env: { ...env, PYTHONPATH } });
}

/** The same in TypeScript, within reach of the project's packages. */
export function runTypeScript(use: string, env: Environment): void {
  const folder = mkdtempSync(join(FOLDER, "producer-"));
  try {
    const path = join(folder, "producer.ts");
    writeFileSync(path, `${blockOf("ts")}\n${use}\n`);
    execFileSync(process.execPath, [path], { env });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
