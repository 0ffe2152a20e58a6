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
  /** By name. */
  readonly images: ReadonlyMap<string, ImageFunction>;
}

export interface LocalStackOptions {
  /** A Qdrant on loopback. */
  readonly qdrantUrl: string;
  /** Processes of each image function. */
  readonly processes: number;
  readonly say: (line: string) => void;
}

export async function startLocalStack({ qdrantUrl, processes, say }: LocalStackOptions): Promise<LocalStack> {
  await using starting = new AsyncDisposableStack();
  const images = new Map<string, ImageFunction>();
  for (const [name, { image, timeoutSeconds }] of Object.entries(FUNCTIONS))
    if (image) images.set(name, starting.use(await serveImageFunction(name, timeoutSeconds * 1000)));
  const proxies = [...images].map(([name, { url }]): [string, string] => [`${STACK_NAME}-${name}`, url]);
  say("Starting the emulator of AWS ...");
  const emulator = starting.use(await startEmulator(new Map(proxies)));
  say(`Deploying to ${emulator.environment.AWS_ENDPOINT_URL} with cdk deploy ...`);
  const deployment = deploy(emulator, {
    qdrantUrl,
    stackName: STACK_NAME,
    embeddingModel: "static-768-8k",
    embeddingDimensions: 768,
  });
  for (const [name, image] of images) {
    const given = emulator.administer("function", `${STACK_NAME}-${name}`);
    image.start({ ...emulator.environment, ...variablesOf(given) }, processes);
  }
  say(`Image functions (${[...images.keys()].join(", ")}) run in processes of this machine, with the credentials of
their roles, behind the emulator's proxy.`);
  const whole = starting.move();
  return { emulator, deployment, images, [Symbol.asyncDispose]: () => whole.disposeAsync() };
}

function variablesOf(given: unknown): Record<string, string> {
  if (typeof given !== "object" || given === null || !("variables" in given) || !("credentials" in given))
    throw new Error("account.py function gave no variables. This is a bug.");
  // What lies in the image's model layer lies here on this machine.
  return { ...Object(given.variables), ...Object(given.credentials), REMASTER_MODEL_DIR: BUILT_IN_MODELS };
}
