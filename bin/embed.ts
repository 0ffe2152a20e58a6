// Texts in, vectors out: what the engine does, without a collection.
import { once } from "node:events";
import { Command, Option } from "commander";
import { openModels } from "../src/embedding/open.ts";
import { shortestDouble } from "../src/float32.ts";
import type { Embedded, Embedder } from "../src/migration/ports.ts";
import { type Line, readLines } from "./lines.ts";
import { type ModelFlags, modelOptions, readModelOptions } from "./model-flags.ts";

/** Why a line has no vector, beside the engine's own reasons. */
const LINE_REASONS = {
  notJson: "line-not-json",
  notString: "line-not-a-string",
  tooLong: "line-too-long",
} as const;

// A text of this length is far beyond every model's maximum of tokens.
const LINE_CHARS_MAX = 16 * 1024 * 1024;
// Texts of one call, ended early by a few long ones: what is in memory stays small however long the input is.
const CALL_TEXTS = 256;
const CALL_CHARS = 2 * 1024 * 1024;

interface EmbedFlags extends ModelFlags {
  readonly model?: string;
  readonly query?: boolean;
}

export interface EmbedStreams {
  readonly input: AsyncIterable<Uint8Array>;
  readonly output: NodeJS.WritableStream;
}

export function embedCommand(
  streams: EmbedStreams = { input: process.stdin, output: process.stdout },
): Command {
  const command = new Command("embed")
    .description(
      "read texts, one JSON string a line; write vectors, one JSON array of numbers a line, in order",
    )
    .addOption(new Option("--model <name>", "name of a model or its directory").env("EMBEDDING_MODEL"))
    .option("--query", "embed as search queries, with the model's query prefix (default: as passages)");
  return modelOptions(command).action(async (flags: EmbedFlags) => {
    const models = openModels(readModelOptions(flags));
    await embedLines(await models.open(flags.model ?? null), flags.query ? "query" : "passage", streams);
  });
}

type Input = { readonly text: string } | { readonly error: string };

function parseLine(line: Line): Input {
  if (line === null) return { error: LINE_REASONS.tooLong };
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "string" ? { text: value } : { error: LINE_REASONS.notString };
  } catch {
    return { error: LINE_REASONS.notJson };
  }
}

/** One call is embedded while the next one is read and the one before is written. */
async function embedLines(
  embedder: Embedder,
  kind: "passage" | "query",
  { input, output }: EmbedStreams,
): Promise<void> {
  let before: Promise<string> | null = null;
  for await (const call of readCalls(input)) {
    const running = embedCall(embedder, kind, call);
    // Awaited below; a failure meanwhile must not be an unhandled one.
    running.catch(() => {});
    if (before !== null) await write(output, await before);
    before = running;
  }
  if (before !== null) await write(output, await before);
}

async function* readCalls(input: AsyncIterable<Uint8Array>): AsyncGenerator<Input[]> {
  let call: Input[] = [];
  let chars = 0;
  for await (const line of readLines(input, LINE_CHARS_MAX)) {
    call.push(parseLine(line));
    chars += line?.length ?? 0;
    if (call.length < CALL_TEXTS && chars < CALL_CHARS) continue;
    yield call;
    call = [];
    chars = 0;
  }
  if (call.length > 0) yield call;
}

async function embedCall(
  embedder: Embedder,
  kind: "passage" | "query",
  call: readonly Input[],
): Promise<string> {
  const texts = call.flatMap((one) => ("text" in one ? [one.text] : []));
  const outcomes = (await embedder.embed(texts, kind)).values();
  return call
    .map((one) => `${"text" in one ? encodeOutcome(outcomes.next().value) : JSON.stringify(one)}\n`)
    .join("");
}

function encodeOutcome(outcome: Embedded | undefined): string {
  if (outcome === undefined) throw new Error("Fewer vectors than texts. This is a bug.");
  return outcome.ok
    ? `[${Array.from(outcome.vector, shortestDouble).join(",")}]`
    : JSON.stringify({ error: outcome.reason });
}

async function write(output: NodeJS.WritableStream, text: string): Promise<void> {
  if (!output.write(text)) await once(output, "drain");
}
