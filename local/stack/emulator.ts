// The emulator of AWS that others wrote: ministack, in a virtual environment of its own, on loopback only, over TLS,
// with IAM enforced.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const VERSION = "1.5.33";
const ROOT = join(import.meta.dirname, "../..");
const FOLDER = join(ROOT, ".remaster/stack");
const VENV = join(FOLDER, `ministack-${VERSION}`);
const PROGRAM = join(VENV, "bin/ministack");
const START_SECONDS_MAX = 60;

type Environment = Readonly<Record<string, string | undefined>>;

export interface Emulator extends AsyncDisposable {
  /** What a process needs to speak with it: address, certificate, and credentials of the account's root. */
  readonly environment: Environment;
  /** Its own certificate, as PEM. */
  readonly certificate: string;
  /** Runs a verb of `account.py` as the account's administrator; gives what it printed. */
  administer(...args: readonly string[]): unknown;
}

/** Installs the emulator where it is not yet. @returns why there can be none on this machine; null when there is. */
export function whyNoEmulator(): string | null {
  if (existsSync(PROGRAM)) return null;
  const found = spawnSync("python3", ["-c", "import sys, venv; sys.exit(sys.version_info < (3, 10))"]);
  if (found.error !== undefined) return "python3 was not found";
  if (found.status !== 0) return "python3 is older than 3.10 or has no venv module";
  mkdirSync(FOLDER, { recursive: true });
  const pip = [join(VENV, "bin/pip"), "install", "--quiet", `ministack==${VERSION}`];
  for (const [program = "", ...args] of [["python3", "-m", "venv", VENV], pip]) {
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
    // One line: it becomes the reason of a skipped test.
    const said = `${stdout}${stderr}`.trim().slice(-500).replaceAll(/\s+/g, " ");
    if (status !== 0) return `${basename(program)} could not install it: ${said}`;
  }
  return null;
}

/** A port that was free a moment ago: the emulator wants to be told one. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === "string")
    throw new Error("A TCP server has no port. This is a bug.");
  return address.port;
}

/** @param proxies address that answers for a function, by the function's name. */
export async function startEmulator(proxies: ReadonlyMap<string, string>): Promise<Emulator> {
  const why = whyNoEmulator();
  if (why !== null) throw new Error(`There is no emulator of AWS: ${why}.`);
  const port = String(await freePort());
  // Outside the repository: a package.json above the functions' code would decide how it is read.
  const temporary = mkdtempSync(join(tmpdir(), "remaster-stack-"));
  const certificate = join(temporary, "ministack-tls/server.crt");
  const environment: Environment = {
    ...process.env,
    // Functions and tools run on the Node that runs this, not on an older one of the machine.
    PATH: `${dirname(process.execPath)}:${join(ROOT, "node_modules/.bin")}:${process.env.PATH}`,
    AWS_ENDPOINT_URL: `https://127.0.0.1:${port}`,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_SESSION_TOKEN: undefined,
    AWS_PROFILE: undefined,
    AWS_REGION: "us-east-1",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_CA_BUNDLE: certificate,
    NODE_EXTRA_CA_CERTS: certificate,
    // A test runner's functions are no tests.
    NODE_TEST_CONTEXT: undefined,
  };
  const log = openSync(join(FOLDER, "emulator.log"), "w");
  const child = spawn(PROGRAM, [], {
    stdio: ["ignore", log, log],
    env: {
      ...environment,
      ...Object.fromEntries([...proxies].map(([name, url]) => [`MINISTACK_LAMBDA_PROXY_${name}`, url])),
      GATEWAY_PORT: port,
      BIND_HOST: "127.0.0.1",
      USE_SSL: "1",
      AUTH: "true",
      TMPDIR: temporary,
      MINISTACK_REGION: "us-east-1",
    },
  });
  await untilAnswering(child, { environment, certificate });
  return {
    environment,
    certificate: readFileSync(certificate, "utf8"),
    administer: (...args) => administer(environment, args),
    async [Symbol.asyncDispose]() {
      await end(child);
      rmSync(temporary, { recursive: true, force: true });
    },
  };
}

function administer(env: Environment, args: readonly string[]): unknown {
  const script = join(import.meta.dirname, "account.py");
  return JSON.parse(execFileSync(join(VENV, "bin/python"), [script, ...args], { encoding: "utf8", env }));
}

async function untilAnswering(
  child: ChildProcess,
  { environment: env, certificate }: { readonly environment: Environment; readonly certificate: string },
): Promise<void> {
  // A process of its own asks: certificates are read when a process starts, and this one is new.
  const probe = `fetch(process.env.AWS_ENDPOINT_URL + "/_ministack/health").then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))`;
  for (let second = 0; second < START_SECONDS_MAX; second++) {
    if (child.exitCode !== null) break;
    if (existsSync(certificate) && spawnSync(process.execPath, ["-e", probe], { env }).status === 0) return;
    await pause(1000);
  }
  throw new Error(`The emulator did not start; its log is ${join(FOLDER, "emulator.log")}.`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  // Functions it still runs may keep it; it holds nothing worth waiting for.
  await Promise.race([ended, pause(3000, undefined, { ref: false }).then(() => child.kill("SIGKILL"))]);
}
