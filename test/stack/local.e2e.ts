// npm run stack:local, as a person uses it: started in a terminal, spoken to as it says, ended by Ctrl-C.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { Agent } from "node:https";
import { join } from "node:path";
import { test } from "node:test";
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import { whyNoEmulator } from "../../local/stack/emulator.ts";
import { openQdrant } from "../../src/qdrant/client.ts";
import { until } from "./driver.ts";

const ROOT = join(import.meta.dirname, "../..");
const why = whyNoEmulator();
const skip = why === null ? false : `SKIPPED: npm run stack:local was not started: ${why}`;

/** A terminal: what is typed there reaches the whole group of processes. */
function openTerminal(...command: readonly string[]) {
  const [program = "", ...args] = command;
  // A test runner's child is no test.
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  const child = spawn(program, args, { cwd: ROOT, detached: true, stdio: ["ignore", "pipe", "pipe"], env });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  return { child, said: () => said, isEnded: () => !isGroupAlive(child) };
}

function isGroupAlive({ pid = 0 }: ChildProcess): boolean {
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
}

test("npm run stack:local deploys, answers as it says it will, and leaves nothing behind", {
  skip,
}, async () => {
  const { child, said, isEnded } = openTerminal("npm", "run", "stack:local");
  const ended = once(child, "exit");
  try {
    await Promise.race([until("the stack is there", () => said().includes("Ctrl-C ends it."), 180), ended]);
    const [, url = ""] = /Qdrant +(\S+)/.exec(said()) ?? [];
    const [, stateMachineArn = ""] = /State machine +(\S+)/.exec(said()) ?? [];
    const [, endpoint = "", bundle = ""] = /AWS_ENDPOINT_URL=(\S+) AWS_CA_BUNDLE=(\S+)/.exec(said()) ?? [];
    assert.ok(existsSync(bundle), said());

    const qdrant = openQdrant({ url, apiKey: async () => null });
    await qdrant.createCollection("harbour", { vectors: { size: 384, distance: "Cosine" } });
    const workflow = new SFNClient({
      ...{ endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "test" } },
      requestHandler: { httpsAgent: new Agent({ ca: readFileSync(bundle) }) },
    });
    const input = JSON.stringify({ action: "inspect", collection: "harbour" });
    const { executionArn } = await workflow.send(new StartExecutionCommand({ stateMachineArn, input }));
    const inspected = async () => workflow.send(new DescribeExecutionCommand({ executionArn }));
    await until("the inspection ends", async () => (await inspected()).status !== "RUNNING");
    const { status, output = "" } = await inspected();

    process.kill(-(child.pid ?? 0), "SIGINT");
    await ended;
    await until("every process of it has ended", isEnded);

    assert.equal(status, "SUCCEEDED", output);
    assert.match(output, /harbour/);
    assert.equal(existsSync(bundle), false, "its temporary directory is gone");
    await assert.rejects(fetch(url), "its Qdrant is gone");
    assert.doesNotMatch(said(), /Error:|at .*\.ts:\d+/);
  } finally {
    if (!isEnded()) process.kill(-(child.pid ?? 0), "SIGKILL");
  }
});
