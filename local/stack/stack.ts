// The deployed stack on one machine: emulator, deployment, and processes for the image functions.
import { join } from "node:path";
import { FUNCTIONS } from "../../src/contract.ts";
import { type Deployment, deploy } from "./deployment.ts";
import { type Emulator, startEmulator } from "./emulator.ts";
import { type ImageFunction, serveImageFunction } from "./image-function.ts";

const STACK_NAME = "remaster";
const BUILT_IN_MODELS = join(import.meta.dirname, "../../demo/models");

export interface LocalStack extends AsyncDisposable {
  readonly emulator: Emulator;
  readonly deployment: Deployment;
  readonly embedder: ImageFunction;
}

export interface LocalStackOptions {
  /** A Qdrant on loopback. */
  readonly qdrantUrl: string;
  /** Embedder processes. */
  readonly processes: number;
  readonly say: (line: string) => void;
}

export async function startLocalStack({ qdrantUrl, processes, say }: LocalStackOptions): Promise<LocalStack> {
  await using starting = new AsyncDisposableStack();
  const embedder = starting.use(
    await serveImageFunction("embedder", FUNCTIONS.embedder.timeoutSeconds * 1000),
  );
  say("Starting the emulator of AWS (the first time it is installed into .remaster/stack) ...");
  const emulator = starting.use(await startEmulator(new Map([[`${STACK_NAME}-embedder`, embedder.url]])));
  say(`Deploying to ${emulator.environment.AWS_ENDPOINT_URL} with cdk deploy ...`);
  const deployment = deploy(emulator, {
    qdrantUrl,
    stackName: STACK_NAME,
    embeddingModel: "static-768-8k",
    embeddingDimensions: 768,
  });
  const given = emulator.administer("function", `${STACK_NAME}-embedder`);
  embedder.start({ ...emulator.environment, ...variablesOf(given) }, processes);
  say(
    "The embedder runs in processes of this machine, with its role's credentials, behind the emulator's proxy.",
  );
  const whole = starting.move();
  return { emulator, deployment, embedder, [Symbol.asyncDispose]: () => whole.disposeAsync() };
}

function variablesOf(given: unknown): Record<string, string> {
  if (typeof given !== "object" || given === null || !("variables" in given) || !("credentials" in given))
    throw new Error("account.py function gave no variables. This is a bug.");
  // What lies in the image's model layer lies here on this machine.
  return { ...Object(given.variables), ...Object(given.credentials), REMASTER_MODEL_DIR: BUILT_IN_MODELS };
}
