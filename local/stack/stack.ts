// The deployed stack on one machine: emulator, deployment, and processes for the image functions.
import { join } from "node:path";
import { FUNCTIONS } from "../../src/contract.ts";
import { type Deployment, deploy } from "./deployment.ts";
import { type Emulator, startEmulator } from "./emulator.ts";
import { type ImageFunction, serveImageFunction } from "./image-function.ts";
import { launchContainer, launchProcess, type Variables } from "./launch.ts";

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
  /** The image that image functions run in, by podman; null: processes of this machine run their source. */
  readonly image: string | null;
  readonly say: (line: string) => void;
}

export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const { qdrantUrl, processes, image: container, say } = options;
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
  const { AWS_CA_BUNDLE: bundle = "" } = emulator.environment;
  const launch = container === null ? launchProcess : launchContainer(container, [bundle]);
  for (const [name, image] of images) {
    const given = emulator.administer("function", `${STACK_NAME}-${name}`);
    // What lies in the image's model layer lies here on this machine.
    const models = container === null ? { REMASTER_MODEL_DIR: BUILT_IN_MODELS } : {};
    image.start({ ...addressOf(emulator), ...variablesOf(given), ...models }, { launch, processes });
  }
  const where = container === null ? "processes of this machine" : `podman, in containers of ${container}`;
  say(`Image functions (${[...images.keys()].join(", ")}) run in ${where}, with the credentials of their roles, behind \
the emulator's proxy.`);
  const whole = starting.move();
  return { emulator, deployment, images, [Symbol.asyncDispose]: () => whole.disposeAsync() };
}

/** Where a function finds AWS: all it is given of this machine's environment. */
const addressOf = ({ environment }: Emulator): Variables =>
  Object.fromEntries(
    ["AWS_ENDPOINT_URL", "AWS_REGION", "AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"].map((name) => [
      name,
      environment[name],
    ]),
  );

function variablesOf(given: unknown): Record<string, string> {
  if (typeof given !== "object" || given === null || !("variables" in given) || !("credentials" in given))
    throw new Error("account.py function gave no variables. This is a bug.");
  return { ...Object(given.variables), ...Object(given.credentials) };
}
