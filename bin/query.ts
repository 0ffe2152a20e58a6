// A question in words, answered by the collection an alias points to now, with that collection's own model.
import { Command, InvalidArgumentError } from "commander";
import { readCommandLineConfig } from "../src/config.ts";
import { DEFAULTS } from "../src/defaults.ts";
import { openModels } from "../src/embedding/open.ts";
import { openLedger } from "../src/ledger/ledger.ts";
import { answerQuery } from "../src/migration/query.ts";
import { parseQuery } from "../src/migration/queryRequest.ts";
import { openQdrant } from "../src/qdrant/client.ts";
import { encodeAnswer } from "../src/queryCall.ts";
import { type ModelFlags, modelOptions, readModelOptions } from "./model-flags.ts";
import { ledgerFolder, readApiKey } from "./run.ts";

interface QueryFlags extends ModelFlags {
  readonly collection: string;
  readonly text: string;
  readonly limit: number;
  readonly url: string;
  readonly apiKeyEnv: string;
  readonly ledger?: string;
  readonly json?: boolean;
}

export function queryCommand(): Command {
  const command = new Command("query")
    .description("search with words, by the model of the collection an alias points to; changes nothing")
    .requiredOption("-c, --collection <name>", "alias, or a collection's own name")
    .requiredOption("--text <text>", "what to search for")
    .option("--limit <n>", "how many points", parseLimit, 5)
    .option("--url <url>", "address of Qdrant", readCommandLineConfig().qdrantUrl)
    .option("--api-key-env <name>", "environment variable that holds Qdrant's API key", "QDRANT_API_KEY")
    .option("--ledger <dir>", "folder of the ledger (default: .remaster/<host and port>)")
    .option("--json", "print the answer as one line of JSON");
  return modelOptions(command).action(runQuery);
}

async function runQuery(flags: QueryFlags): Promise<void> {
  const { collection: alias, text, limit, url } = flags;
  const query = parseQuery({ alias, texts: [text], search: { limit } });
  const apiKey = readApiKey(flags);
  const outside = {
    qdrant: openQdrant({ url, apiKey: async () => apiKey }),
    ledger: await openLedger(`file://${ledgerFolder(flags)}`),
    models: openModels(readModelOptions(flags)),
  };
  const answer = await answerQuery(outside, query);
  if (flags.json === true) return void process.stdout.write(`${encodeAnswer(answer)}\n`);
  process.stdout.write(`${alias} is ${answer.collection}, model ${answer.contract.id}\n`);
  for (const { id, score, payload } of answer.results?.[0] ?? [])
    process.stdout.write(`${score.toFixed(4)}  ${id}  ${payload}\n`);
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= DEFAULTS.query.limitMax) return limit;
  throw new InvalidArgumentError(`It must be a whole number from 1 to ${DEFAULTS.query.limitMax}.`);
}
