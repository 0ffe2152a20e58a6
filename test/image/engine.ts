// Building and running images with podman, where no Docker daemon is to be had.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { OCI_RUNTIME } from "../../local/stack/launch.ts";

const ROOT = join(import.meta.dirname, "../..");
const BASE = "localhost/remaster-lambda-base";
const DEBIAN = "localhost/remaster-debian";

// Chroot isolation and the host's network: a sandbox seldom allows more, and a build needs no less.
const BUILD = ["build", "--isolation", "chroot", "--network", "host", "--quiet"];

const podman = (...args: readonly string[]): string =>
  execFileSync("podman", args, { encoding: "utf8", cwd: ROOT, stdio: "pipe" }).trim();

/** Programs the test cannot do without and does not find. Debian: podman runc mmdebstrap netavark. */
const missingTools = (): string[] =>
  ["podman", "runc", "mmdebstrap"].filter((tool) => spawnSync(tool, ["--version"]).error !== undefined);

const hasImage = (name: string): boolean => spawnSync("podman", ["image", "exists", name]).status === 0;

/** Why no image can be made and run on this machine; null when it can. What goes wrong later is a failure. */
export function whyNoContainer(): string | null {
  const missing = missingTools();
  if (missing.length > 0)
    return `${missing.join(", ")} not found (Debian: apt-get install podman runc mmdebstrap netavark)`;
  try {
    if (!hasImage(DEBIAN)) importDebian();
    podman("--runtime", OCI_RUNTIME, "run", "--rm", "--network", "host", DEBIAN, "true");
    return null;
  } catch (error) {
    // A command that failed; anything else is a mistake of ours.
    if (!(error instanceof Error && "status" in error)) throw error;
    return `containers cannot be run here: ${error.message.trim().split("\n").at(-1)}`;
  }
}

/** The Debian that the base stands on; kept for the next run. */
function importDebian(): void {
  const directory = mkdtempSync(join(tmpdir(), "remaster-debian-"));
  try {
    const archive = join(directory, "debian.tar");
    const options = ["--quiet", "--variant=minbase", "--include=ca-certificates"];
    execFileSync("mmdebstrap", [...options, "bookworm", archive], { stdio: "pipe" });
    podman("import", "--quiet", archive, DEBIAN);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Makes the stand-in for AWS's base image. @returns its name. */
export function buildBase(): string {
  const directory = mkdtempSync(join(tmpdir(), "remaster-base-"));
  try {
    copyFileSync(join(import.meta.dirname, "base/Dockerfile"), join(directory, "Dockerfile"));
    copyFileSync(join(ROOT, "local/stack/bootstrap.mjs"), join(directory, "bootstrap.mjs"));
    copyFileSync(process.execPath, join(directory, "node"));
    cpSync(npmDirectory(), join(directory, "npm"), { recursive: true, dereference: true });
    const authorities = authoritiesFile();
    writeFileSync(join(directory, "extra-ca.pem"), authorities === null ? "" : readFileSync(authorities));
    podman(...BUILD, "--tag", BASE, directory);
    return BASE;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Whom npm trusts here beyond Node's own list, behind a proxy: what the machine tells Node, or npm's configuration. */
function authoritiesFile(): string | null {
  const told = process.env.NODE_EXTRA_CA_CERTS;
  if (told !== undefined && told !== "") return told;
  const cli = join(npmDirectory(), "bin/npm-cli.js");
  const configured = execFileSync(process.execPath, [cli, "config", "get", "cafile"], {
    encoding: "utf8",
  }).trim();
  return configured === "" || configured === "null" ? null : configured;
}

/** npm as a directory: `npm run` says where it is itself. */
function npmDirectory(): string {
  const cli = process.env.npm_execpath;
  if (cli === undefined) throw new Error("Start this by npm: npm run test:image, npm run test:stack.");
  return resolve(dirname(cli), "..");
}

/** A directory of models as a deployment has it: those named, with their manifest. */
export function prepareModels(...names: readonly string[]): string {
  const directory = mkdtempSync(join(tmpdir(), "remaster-models-"));
  for (const name of names)
    cpSync(join(ROOT, "demo/models", name), join(directory, name), { recursive: true });
  const script = join(ROOT, "layers/model/manifest.mjs");
  execFileSync(process.execPath, [script, "write", directory], { stdio: "ignore" });
  return directory;
}

/** Builds functions/embedder/Dockerfile as `cdk deploy` does. @returns the image's name. */
export function buildImage(base: string, modelDirectory: string): string {
  const image = "localhost/remaster-embedder";
  podman(
    ...[...BUILD, "--layers", "--tag", image, "--build-arg", `BASE=${base}`],
    ...["--build-context", `model=${modelDirectory}`, "--file", "functions/embedder/Dockerfile", "."],
  );
  return image;
}

/**
 * Builds the image for arm64, on nothing: a base for that processor cannot be had here. All that is run runs on this
 * machine. @returns the image's name.
 */
export function buildForArm64(base: string, modelDirectory: string): string {
  const image = "localhost/remaster-embedder-arm64";
  const here = process.arch === "x64" ? "linux/amd64" : `linux/${process.arch}`;
  podman(
    ...[...BUILD, "--layers", "--tag", image, "--platform", "linux/arm64"],
    // Docker knows BUILDPLATFORM by itself.
    ...["BASE=scratch", `BUILD_BASE=${base}`, `BUILDPLATFORM=${here}`].flatMap((one) => ["--build-arg", one]),
    ...["--build-context", `model=${modelDirectory}`, "--file", "functions/embedder/Dockerfile", "."],
  );
  return image;
}

/** Native libraries in an image: where they lie, and the machine they are for by their ELF header. */
export function nativeLibraries(
  image: string,
): readonly { readonly path: string; readonly machine: string }[] {
  const root = podman("image", "mount", image);
  try {
    return readdirSync(root, { recursive: true, encoding: "utf8" })
      .filter((path) => /\.(so[.\d]*|node)$/.test(path))
      .map((path) => ({ path, machine: machineOf(readFileSync(join(root, path))) }));
  } finally {
    podman("image", "unmount", image);
  }
}

// https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
const MACHINES: Readonly<Record<number, string>> = { 62: "x64", 183: "arm64" };

const machineOf = (file: Buffer): string => MACHINES[file.readUInt16LE(18)] ?? "another";

/** What the build of an image without a model says; null when it succeeds. */
export function buildWithoutModel(base: string): string | null {
  const args = [...BUILD, "--build-arg", `BASE=${base}`, "--file", "functions/embedder/Dockerfile", "."];
  const { status, stderr, stdout } = spawnSync("podman", args, { encoding: "utf8", cwd: ROOT });
  return status === 0 ? null : `${stdout}${stderr}`;
}

/** Sizes in bytes of the layers an image adds to its base, lowest first. */
export function layerSizes(image: string): readonly number[] {
  const history: readonly { size: number; CreatedBy: string }[] = JSON.parse(
    podman("history", "--format", "json", image),
  );
  return history
    .filter(({ CreatedBy }) => /COPY/.test(CreatedBy))
    .map(({ size }) => size)
    .reverse();
}

export interface Container {
  /** Largest resident memory of its process so far, in MiB. */
  peakMiB(): number;
  /** All it wrote to its log so far. */
  log(): string;
  stop(): Promise<void>;
}

/** Runs the polling embedder of an image until it ends by itself. @returns its exit code and what it wrote. */
export function runPoller(image: string, variables: Readonly<Record<string, string>>) {
  const settings = Object.entries(variables).flatMap(([key, value]) => ["--env", `${key}=${value}`]);
  const { status, stdout, stderr } = spawnSync(
    "podman",
    [
      ...[
        "--runtime",
        OCI_RUNTIME,
        "run",
        "--rm",
        "--network",
        "host",
        "--read-only",
        "--entrypoint",
        "node",
      ],
      ...[...settings, image, "functions/embedder/poll.mjs"],
    ],
    { encoding: "utf8", timeout: 60_000 },
  );
  return { status, said: `${stdout}${stderr}` };
}

/** Runs an image as Lambda would: its variables, its memory, and the address of a Runtime API. */
export async function startContainer(
  image: string,
  {
    variables,
    memoryMiB,
  }: { readonly variables: Readonly<Record<string, string>>; readonly memoryMiB: number },
): Promise<Container> {
  const name = `remaster-embedder-${process.pid}`;
  const limits = canLimitMemory() ? ["--memory", `${memoryMiB}m`] : [];
  const settings = Object.entries(variables).flatMap(([key, value]) => ["--env", `${key}=${value}`]);
  const args = [
    ...["--runtime", OCI_RUNTIME, "run", "--rm", "--name", name, "--network", "host", "--read-only"],
    ...[...limits, ...settings, image],
  ];
  const child = spawn("podman", args, { stdio: ["ignore", "pipe", "pipe"] });
  const written: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => written.push(text));
  const ended = new Promise<void>((done) => child.once("exit", () => done()));
  const pid = (): number => Number(podman("inspect", "--format", "{{.State.Pid}}", name));
  return {
    peakMiB() {
      const status = readFileSync(`/proc/${pid()}/status`, "utf8");
      return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024);
    },
    log: () => written.join(""),
    async stop() {
      podman("kill", name);
      await Promise.race([ended, delay(10_000)]);
    },
  };
}

/** Sandboxes may have no memory controller to hand out. */
function canLimitMemory(): boolean {
  const info = podman("info", "--format", "json");
  const { host } = JSON.parse(info);
  return Array.isArray(host.cgroupControllers) && host.cgroupControllers.includes("memory");
}
