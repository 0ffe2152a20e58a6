// One process of an image function: on this machine itself, or in a container of the image.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** For `podman --runtime`: starts containers where resource limits may not be raised. */
export const OCI_RUNTIME = join(import.meta.dirname, "oci-runtime.sh");

export type Variables = Readonly<Record<string, string | undefined>>;

export interface Launched {
  isRunning(): boolean;
  /** At once, as an out-of-memory would. */
  kill(): void;
  readonly ended: Promise<unknown>;
}

/** Starts a process that asks the Runtime API of `variables` for the work of the function with this name. */
export type Launch = (name: string, variables: Variables) => Launched;

/** The source itself, by the Node that runs this. */
export const launchProcess: Launch = (name, variables) => {
  const args = [join(import.meta.dirname, "bootstrap.mjs"), `functions/${name}/handler.handler`];
  const env = { PATH: process.env.PATH, ...variables, LAMBDA_TASK_ROOT: ROOT };
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"], env });
  return {
    isRunning: () => child.exitCode === null && child.signalCode === null,
    kill: () => void child.kill("SIGKILL"),
    ended: once(child, "exit"),
  };
};

let containers = 0;

/** The function's command in the image, by podman. `files` of this machine are seen under the same paths. */
export const launchContainer =
  (image: string, files: readonly string[]): Launch =>
  (name, variables) => {
    const container = `remaster-${name}-${process.pid}-${++containers}`;
    const child = spawn(
      "podman",
      [
        ...["--runtime", OCI_RUNTIME, "run", "--rm", "--name", container, "--network", "host", "--read-only"],
        ...files.flatMap((file) => ["--volume", `${file}:${file}:ro`]),
        ...Object.entries(variables).flatMap(([key, value]) =>
          value === undefined ? [] : ["--env", `${key}=${value}`],
        ),
        ...[image, `functions/${name}/handler.handler`],
      ],
      { stdio: ["ignore", "ignore", "inherit"] },
    );
    return {
      isRunning: () => child.exitCode === null && child.signalCode === null,
      // The container is no child of podman's client: a signal to that would leave it running.
      kill: () => void spawnSync("podman", ["kill", container]),
      ended: once(child, "exit"),
    };
  };
