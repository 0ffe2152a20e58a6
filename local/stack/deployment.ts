// The synthesized template, deployed by the CDK's own command as anybody would deploy it.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Emulator } from "./emulator.ts";

const ROOT = join(import.meta.dirname, "../..");
const FOLDER = join(ROOT, ".remaster/stack");

export interface Deployment {
  readonly stateMachineArn: string;
  readonly pagesQueueUrl: string;
  readonly deadLettersUrl: string;
  readonly ledgerBucket: string;
  readonly liveQueueUrl: string;
  readonly liveBusName: string;
  /** The query function's address, as AWS spells it; the emulator answers for it under its own. */
  readonly queryUrl: string;
}

export interface DeploymentOptions {
  readonly qdrantUrl: string;
  readonly stackName: string;
  readonly embeddingModel: string;
  readonly embeddingDimensions: number;
}

/** Bootstraps the account and deploys. What the commands print goes to `say`. */
export function deploy(emulator: Emulator, options: DeploymentOptions): Deployment {
  const secrets = emulator.administer("secrets");
  const file = join(FOLDER, "remaster.config.json");
  writeFileSync(file, JSON.stringify({ ...options, ...secretsOf(secrets), isEmulator: true }, null, 2));
  runCdk(emulator, ["bootstrap", "--context", `config=${file}`]);
  emulator.administer("images");
  const outputs = join(FOLDER, "outputs.json");
  runCdk(emulator, [
    ...["deploy", "--require-approval", "never", "--outputs-file", outputs],
    ...["--output", join(FOLDER, "cdk.out"), "--context", `config=${file}`],
  ]);
  const found = JSON.parse(readFileSync(outputs, "utf8"))[options.stackName];
  return {
    stateMachineArn: found.StateMachineArn,
    pagesQueueUrl: found.PagesQueueUrl,
    deadLettersUrl: found.PagesDeadLettersUrl,
    ledgerBucket: found.LedgerBucket,
    liveQueueUrl: found.LiveQueueUrl,
    liveBusName: found.LiveBusName,
    queryUrl: found.QueryUrl,
  };
}

function runCdk({ environment }: Emulator, args: readonly string[]): void {
  const cdk = join(ROOT, "node_modules/aws-cdk/bin/cdk");
  try {
    execFileSync(process.execPath, [cdk, ...args], { cwd: ROOT, env: environment, stdio: "pipe" });
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr) : "";
    throw new Error(`cdk ${args[0]} failed: ${said.slice(-2000)}`, { cause: error });
  }
}

function secretsOf(secrets: unknown): { manageKeySecretArn: string; pointsKeySecretArn: string } {
  if (typeof secrets !== "object" || secrets === null || !("manage" in secrets) || !("points" in secrets))
    throw new Error("account.py secrets gave no ARNs. This is a bug.");
  return { manageKeySecretArn: String(secrets.manage), pointsKeySecretArn: String(secrets.points) };
}
