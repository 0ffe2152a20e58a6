// Runs one verb on this machine and says what became of it.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { Machine, type MachineRun } from "../local/machine.ts";
import { readCommandLineConfig, readVariable } from "../src/config.ts";
import { openLedger } from "../src/ledger/ledger.ts";
import { ConfigError } from "../src/migration/errors.ts";
import { parseQueries } from "../src/migration/labelledQueries.ts";
import type { Ledger, Qdrant } from "../src/migration/ports.ts";
import { readStatus } from "../src/migration/status.ts";
import { isReadable } from "../src/qdrant/address.ts";
import { openQdrant } from "../src/qdrant/client.ts";
import { EXIT, exitCodeOf } from "./exit.ts";
import { printRun } from "./output.ts";
import { ProgressLine } from "./progress.ts";
import { writeReports } from "./report.ts";

export type WorkflowInput = Readonly<Record<string, unknown>>;

export interface MachineFlags {
  readonly url: string;
  readonly apiKeyEnv: string;
  readonly ledger?: string;
  readonly concurrency?: number;
  readonly report?: string;
  readonly reportTexts?: boolean;
  readonly json?: boolean;
}

export async function runVerb(
  verb: string,
  flags: MachineFlags,
  input: WorkflowInput,
  options: { readonly deleteOld?: boolean; readonly queriesFile?: string | null } = {},
): Promise<void> {
  const out = flags.json === true ? process.stderr : process.stdout;
  if (flags.reportTexts === true && flags.report === undefined)
    throw new ConfigError("--report-texts puts texts into a report: give --report DIR too.");
  const settings = machineSettings(flags);
  await using machine = await Machine.start({ ...settings, onLog: () => {} });
  using stop = stopOnInterrupt(out);
  const ledger = await openLedger(settings.ledgerUrl);
  const clock = { now: () => Date.now() };
  using line = new ProgressLine(out, (collection) => readStatus(ledger, clock, collection));
  const queries = await storeQueries(ledger, options.queriesFile ?? null);
  const run = await machine.run({ ...input, ...queries }, stop.signal, line.watch);
  const runs = [run, ...(options.deleteOld === true ? await deleteOld(machine, run, stop.signal) : [])];
  line.end();
  process.exitCode = Math.max(...runs.map(exitCode));
  printRun(out, verb, runs);
  if (flags.report !== undefined) {
    const texts = flags.reportTexts === true ? qdrantOf(settings) : null;
    await writeReports(ledger, runs, { folder: flags.report, out, texts });
  }
  if (flags.json === true) process.stdout.write(`${JSON.stringify(jsonLine(verb, runs))}\n`);
}

const qdrantOf = ({ qdrantUrl, apiKey }: ReturnType<typeof machineSettings>): Qdrant =>
  openQdrant({ url: qdrantUrl, apiKey: async () => apiKey });

/** The user's queries go into the ledger, where the gate finds them on any machine. */
async function storeQueries(ledger: Ledger, file: string | null): Promise<{ readonly queries?: string }> {
  if (file === null) return {};
  const body = readFileSync(file, "utf8");
  parseQueries(file, body);
  const queries = `queries/${createHash("sha256").update(body).digest("hex").slice(0, 16)}.jsonl`;
  // The key is the file's hash: one that is there already is the same.
  await ledger.create(queries, body);
  return { queries };
}

/** Cleanup of every collection that is cut over with a green gate; its own guards decide. */
async function deleteOld(
  machine: Machine,
  run: MachineRun,
  signal: AbortSignal,
): Promise<readonly MachineRun[]> {
  const runs: MachineRun[] = [];
  for (const { collection, status } of run.outcomes) {
    if (status !== "DONE" && status !== "NOTHING_TO_DO") continue;
    runs.push(await machine.run({ action: "cleanup", collection, confirm: collection }, signal));
  }
  return runs;
}

/** What the function host needs, from flags and environment; makes the ledger's folder. */
export function machineSettings(flags: MachineFlags) {
  const config = readCommandLineConfig();
  const folder = ledgerFolder(flags);
  mkdirSync(folder, { recursive: true });
  return {
    qdrantUrl: flags.url,
    apiKey: readApiKey(flags),
    ledgerFolder: folder,
    ledgerUrl: `file://${folder}`,
    modelDir: config.modelDir,
    embeddingModel: config.embeddingModel,
    embeddingDimensions: config.embeddingDimensions,
    concurrency: flags.concurrency ?? availableParallelism(),
  };
}

/** Qdrant's API key, null for none. Says so where it can be read on its way. */
export function readApiKey({ url, apiKeyEnv }: Pick<MachineFlags, "url" | "apiKeyEnv">): string | null {
  const key = readVariable(apiKeyEnv);
  if (key !== null && isReadable(checkedUrl(url)))
    process.stderr.write(
      `Warning: the API key travels to ${checkedUrl(url).host} unencrypted; use an https address, unless the network between is yours alone.\n`,
    );
  return key;
}

/** Absolute folder of the ledger for a Qdrant; it may not be there yet. @throws ConfigError for no address. */
export function ledgerFolder({ url, ledger }: Pick<MachineFlags, "url" | "ledger">): string {
  const { host } = checkedUrl(url);
  return resolve(ledger ?? join(".remaster", host.replace(/[^\w.-]/g, "_")));
}

function checkedUrl(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:")) return url;
  throw new ConfigError(`--url must be an address like http://localhost:6333, not ${JSON.stringify(text)}.`);
}

/** The first Ctrl-C ends the run cleanly, a second one at once. */
function stopOnInterrupt(out: NodeJS.WritableStream): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const onInterrupt = () => {
    if (controller.signal.aborted) process.exit(EXIT.stopped);
    out.write(
      "\nStopping: pages under way are finished. Ctrl-C again ends at once; nothing is lost either way.\n",
    );
    controller.abort();
  };
  process.on("SIGINT", onInterrupt).on("SIGTERM", onInterrupt);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      process.off("SIGINT", onInterrupt).off("SIGTERM", onInterrupt);
    },
  };
}

function exitCode(run: MachineRun): number {
  if (run.isStopped) return EXIT.stopped;
  if (run.error === null) return EXIT.done;
  return exitCodeOf(Object.assign(new Error(run.error.message), { name: run.error.name }));
}

function jsonLine(verb: string, runs: readonly MachineRun[]) {
  const [first] = runs;
  return {
    verb,
    exitCode: process.exitCode,
    outcomes: runs.flatMap(({ outcomes }) => outcomes),
    tally: first?.summary?.tally ?? null,
    leftAlone: first?.validated?.leftAlone ?? [],
    inspections: first?.validated?.inspections ?? [],
    statuses: first?.validated?.statuses ?? [],
    error: runs.find(({ error }) => error !== null)?.error ?? null,
  };
}
