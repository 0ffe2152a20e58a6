// Live events from a file or a pipe, through the queue and the function that take them in AWS.
import { setTimeout as pause } from "node:timers/promises";
import { Command } from "commander";
import { type Host, startHost } from "../local/host/host.ts";
import { readCommandLineConfig } from "../src/config.ts";
import { PermanentError } from "../src/migration/errors.ts";
import { parseLiveEvent } from "../src/migration/liveEvent.ts";
import { elementsAt, membersAt } from "../src/qdrant/slices.ts";
import { parseId } from "../src/qdrant/wire.ts";
import { EXIT } from "./exit.ts";
import { readLines } from "./lines.ts";
import { machineSettings } from "./run.ts";

// What SQS takes as one message.
const LINE_CHARS_MAX = 1024 * 1024;
// A few batches are always waiting, and a long file is not in memory as a whole.
const WAITING_MAX = 50;
const LOOK_MS = 20;

interface EventsFlags {
  readonly collection?: string;
  readonly url: string;
  readonly apiKeyEnv: string;
  readonly ledger?: string;
}

export function eventsCommand(): Command {
  return new Command("events")
    .description(
      "apply live events, one JSON object a line of standard input, in order (docs/live-events.md)",
    )
    .option("-c, --collection <name>", "alias or collection of the events that name none")
    .option("--url <url>", "address of Qdrant", readCommandLineConfig().qdrantUrl)
    .option("--api-key-env <name>", "environment variable that holds Qdrant's API key", "QDRANT_API_KEY")
    .option("--ledger <dir>", "folder of the ledger (default: .remaster/<host and port>)")
    .action((flags: EventsFlags) => runEvents(flags, process.stdin));
}

async function runEvents(flags: EventsFlags, input: AsyncIterable<Uint8Array>): Promise<void> {
  const reasons = new Map<string, string>();
  const settings = { ...machineSettings(flags), concurrency: 1, onLog: keepReasons(reasons) };
  const host = await startHost(settings);
  try {
    const { sent, refused } = await sendLines(host, flags.collection ?? null, input);
    await until(host, 0);
    const dead = host.live.deadLetters();
    for (const { messageId, reason } of dead)
      process.stderr.write(`Not applied: ${reasons.get(messageId) ?? reason}\n`);
    process.stdout.write(
      `${sent - dead.length} events applied, ${dead.length} not applied, ${refused} lines refused\n`,
    );
    process.exitCode = dead.length + refused === 0 ? EXIT.done : EXIT.failed;
  } finally {
    await host.stop({ graceMs: 0 });
  }
}

async function sendLines(
  host: Host,
  collection: string | null,
  input: AsyncIterable<Uint8Array>,
): Promise<{ readonly sent: number; readonly refused: number }> {
  let [number, sent, refused] = [0, 0, 0];
  for await (const line of readLines(input, LINE_CHARS_MAX)) {
    number++;
    if (line?.trim() === "") continue;
    try {
      await host.live.send([checkedEvent(line, collection)]);
      sent++;
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      refused++;
      process.stderr.write(`Line ${number}: ${error.message}\n`);
    }
    await until(host, WAITING_MAX);
  }
  return { sent, refused };
}

/** Refused here what would only come back from the queue again and again. */
function checkedEvent(line: string | null, collection: string | null): string {
  if (line === null) throw new PermanentError(`It is longer than ${LINE_CHARS_MAX} characters.`);
  const body = line.trim();
  const lacksName = /^\{\s*"/.test(body) && collection !== null && !namesCollection(body);
  // Spliced, not parsed and written again: numbers keep their digits.
  const event = lacksName ? `{"collection":${JSON.stringify(collection)},${body.slice(1)}` : body;
  parseLiveEvent(event, { membersAt, elementsAt, parseId });
  return event;
}

function namesCollection(body: string): boolean {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === "object" && parsed !== null && ("collection" in parsed || "detail" in parsed);
  } catch {
    // The check of the event says so.
    return true;
  }
}

/** Waits until no more than so many events wait or are under way. */
async function until(host: Host, most: number): Promise<void> {
  for (;;) {
    const { waiting, inFlight } = await host.live.depth();
    if (waiting + inFlight <= most) return;
    await pause(LOOK_MS);
  }
}

/** Why an event failed last stands in the function's log, under its message's id. */
function keepReasons(reasons: Map<string, string>): (line: string) => void {
  return (line) => {
    if (!line.startsWith('{"at"')) return;
    const { event, messageId, reason }: { event?: string; messageId?: string; reason?: string } =
      JSON.parse(line);
    if (event === "live.failed" && messageId !== undefined) reasons.set(messageId, reason ?? "unknown");
  };
}
