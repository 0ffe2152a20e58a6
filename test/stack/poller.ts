// The polling embedder beside the stack, set up as docs/scale.md says: the function's variables and two more, and an
// identity with the policy of that page.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LocalStack } from "../../local/stack/stack.ts";
import { ENV } from "../../src/contract.ts";

const ROOT = join(import.meta.dirname, "../..");

interface Given {
  readonly variables: Readonly<Record<string, string>>;
}

interface Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The policy of the page, for this stack. */
function documentedPolicy({ deployment }: LocalStack, secretArn: string): string {
  const page = readFileSync(join(ROOT, "docs/scale.md"), "utf8");
  const [, policy = ""] = /```json\n(\s+\{\s+"Version".*?)```/s.exec(page) ?? [];
  return policy
    .replaceAll("REGION:ACCOUNT:STACK", "us-east-1:000000000000:remaster")
    .replaceAll("BUCKET", deployment.ledgerBucket)
    .replaceAll("POINTS_KEY_SECRET_ARN", secretArn);
}

export function startPoller(stack: LocalStack) {
  const { emulator, deployment } = stack;
  const { variables } = emulator.administer("function", "remaster-embedder") as Given;
  const policy = documentedPolicy(stack, String(variables[ENV.qdrantApiKeySecret]));
  const key = emulator.administer("user", "poller", policy) as Key;
  const child = spawn(process.execPath, [join(ROOT, "functions/embedder/poll.ts")], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...emulator.environment,
      ...variables,
      // What lies in the image's model layer lies here on this machine.
      [ENV.modelDir]: join(ROOT, "demo/models"),
      [ENV.pagesQueueUrl]: deployment.pagesQueueUrl,
      [ENV.concurrency]: "1",
      AWS_ACCESS_KEY_ID: key.accessKeyId,
      AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    },
  });
  const ended = once(child, "exit");
  let log = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
  return {
    log: () => log,
    /** Pages it wrote records of. */
    recorded: () => log.match(/"event":"page\.recorded"/g)?.length ?? 0,
    async stop(): Promise<unknown> {
      child.kill("SIGTERM");
      const [code] = await ended;
      return code;
    },
  };
}
