import { Command, InvalidArgumentError } from "commander";
import { type QdrantServer, startQdrant } from "../local/qdrant/server.ts";
import { ConfigError } from "../src/migration/errors.ts";

interface QdrantFlags {
  readonly port: number;
  readonly host: string;
  readonly data?: string;
}

/** `remaster qdrant`: the built-in Qdrant on its own, until it is told to stop. */
export function qdrantCommand(): Command {
  return new Command("qdrant")
    .description("start the built-in Qdrant, a stand-in for trying things out (docs/built-in-qdrant.md)")
    .option("--port <port>", "port to listen on, 0 for a free one", parsePort, 6333)
    .option("--host <host>", "address to listen on", "127.0.0.1")
    .option("--data <dir>", "folder that keeps the data; without it everything is gone at the end")
    .action(runQdrant);
}

async function runQdrant(flags: QdrantFlags): Promise<void> {
  let server: QdrantServer;
  try {
    server = await startQdrant({ port: flags.port, host: flags.host, dataDir: flags.data });
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    console.error(cause.message);
    process.exitCode = 1;
    return;
  }
  const kept = flags.data === undefined ? "in memory" : `kept in ${flags.data}`;
  console.log(
    `Built-in Qdrant (a stand-in, not the real server) at ${server.url}, data ${kept}. Ctrl-C stops it.`,
  );
  await stopSignal();
  await server.close();
}

const stopSignal = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new InvalidArgumentError("A port is a number from 0 to 65535.");
  return port;
}
