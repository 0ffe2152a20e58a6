// The first run: a collection of chat memories moves from the old model to the new one, with everything that is
// deployed, on one machine and without a network.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Machine, type MachineRun } from "../local/machine.ts";
import { startQdrant } from "../local/qdrant/server.ts";
import { openModels } from "../src/embedding/open.ts";
import { openLedger } from "../src/ledger/ledger.ts";
import { withMark } from "../src/migration/metadata.ts";
import type { Embedder, Ledger, Models, PointWrite, Qdrant } from "../src/migration/ports.ts";
import { textOf } from "../src/migration/text.ts";
import { openQdrant } from "../src/qdrant/client.ts";
import { encodeVector } from "../src/qdrant/wire.ts";
import { demoLabels, demoMemories, demoQueries } from "./memories.ts";

export interface DemonstrationOptions {
  /** Emptied first: the ledger and the reports of this run go there. */
  readonly folder: string;
  readonly concurrency: number;
  readonly say: (line: string) => void;
  readonly show: (verb: string, run: MachineRun) => void;
  readonly report: (ledger: Ledger, run: MachineRun, qdrant: Qdrant) => Promise<void>;
}

const OLD_MODEL = "static-384-8k";
const NEW_MODEL = "static-768-8k";
const ALIAS = "whisperengine_memory_demo";
const COLLECTION = `${ALIAS}_384d`;
const BATCH = 64;
/** Labelled searches of these very memories, so that the gate can say whether search got better. */
const QUERIES = "queries/demonstration.jsonl";

/** True when every step ended as it should. */
export async function runDemonstration(options: DemonstrationOptions): Promise<boolean> {
  const { say, folder, concurrency } = options;
  const ledgerFolder = join(folder, "ledger");
  rmSync(ledgerFolder, { recursive: true, force: true });
  mkdirSync(ledgerFolder, { recursive: true });
  await using server = await startQdrant({ port: 0 });
  say(`Built-in Qdrant at ${server.url} (a stand-in in memory; --url takes a real one).`);
  say(`Built-in models ${OLD_MODEL} → ${NEW_MODEL} (small word tables; bge-base-en-v1.5 goes the same way).`);
  const qdrant = openQdrant({ url: server.url, apiKey: async () => null });
  const models = openModels({ modelDir: null, defaultModel: NEW_MODEL, dimensions: null, threads: 1 });
  await loadMemories(qdrant, await models.open(OLD_MODEL), say);
  await using machine = await Machine.start({
    qdrantUrl: server.url,
    apiKey: null,
    ledgerFolder,
    modelDir: null,
    embeddingModel: NEW_MODEL,
    embeddingDimensions: null,
    concurrency,
    onLog: () => {},
    // Server, ledger and writers are all its own, and on loopback.
    drainSecondsMax: 0.5,
  });
  const ledger = await openLedger(`file://${ledgerFolder}`);
  await ledger.create(
    QUERIES,
    demoLabels()
      .map((label) => JSON.stringify(label))
      .join("\n"),
  );
  // Awaited here: the machine and the server live as long as the steps.
  return await runSteps(options, { machine, ledger, qdrant, models });
}

interface Stage {
  readonly machine: Machine;
  readonly ledger: Ledger;
  readonly qdrant: Qdrant;
  readonly models: Models;
}

async function runSteps({ say, show, report }: DemonstrationOptions, stage: Stage): Promise<boolean> {
  const run = async (title: string, input: Readonly<Record<string, unknown>>): Promise<MachineRun> => {
    say(`\n— ${title}`);
    const ended = await stage.machine.run({ collection: ALIAS, ...input }, NEVER);
    show(title, ended);
    return ended;
  };
  const runs: MachineRun[] = [];
  runs.push(await run("inspect", { action: "inspect" }));
  runs.push(
    await run("plan (dry run: nothing is written)", { action: "migrate", dryRun: true, queries: QUERIES }),
  );
  runs.push(await run("migrate", { action: "migrate", queries: QUERIES }));
  runs.push(await run("verify", { action: "verify" }));
  const before = await searchAll(stage, OLD_MODEL);
  const cutover = await run("cutover", { action: "cutover" });
  runs.push(cutover);
  const after = await searchAll(stage, NEW_MODEL);
  say("\n— searches through the alias, before and after");
  for (const line of sideBySide(before, after)) say(line);
  runs.push(await run("rollback", { action: "rollback" }));
  const last = await run("cutover again", { action: "cutover" });
  runs.push(last);
  await report(stage.ledger, last, stage.qdrant);
  return runs.every(({ error }) => error === null);
}

const NEVER = new AbortController().signal;

async function loadMemories(qdrant: Qdrant, embedder: Embedder, say: (line: string) => void): Promise<void> {
  const memories = demoMemories();
  await qdrant.createCollection(COLLECTION, {
    vectors: { size: embedder.contract.dimensions, distance: "Cosine" },
    metadata: withMark({}, { contract: embedder.contract, source: null, migration: null }),
  });
  await qdrant.createPayloadIndex(COLLECTION, "user_id", "keyword");
  for (let start = 0; start < memories.length; start += BATCH) {
    const batch = memories.slice(start, start + BATCH);
    const texts = batch.map(({ payload }) => textOf(payload, { textKey: ["content"], textTemplate: null }));
    const made = await embedder.embed(
      texts.map((text) => ("text" in text ? text.text : "")),
      "passage",
    );
    const points: PointWrite[] = batch.map(({ id, payload }, index) => {
      const vector = made[index];
      return { id, payload, vectors: vector?.ok ? encodeVector(vector.vector) : "{}" };
    });
    await qdrant.upsert(COLLECTION, points);
  }
  await qdrant.changeAliases([{ create_alias: { collection_name: COLLECTION, alias_name: ALIAS } }]);
  say(`${memories.length} chat memories loaded into ${COLLECTION}, readers use the alias ${ALIAS}.`);
}

interface Answers {
  readonly query: string;
  readonly best: readonly string[];
}

/** The three best memories for each query, as a reader of the alias sees them now. */
async function searchAll({ qdrant, models }: Stage, model: string): Promise<readonly Answers[]> {
  const embedder = await models.open(model);
  const answers: Answers[] = [];
  for (const { text: query } of demoQueries) {
    const [made] = await embedder.embed([query], "query");
    if (!made?.ok) continue;
    const hits = await qdrant.search(ALIAS, made.vector, 3, { payload: true });
    answers.push({ query, best: hits.map(({ payload }) => shown(payload)) });
  }
  return answers;
}

const WIDTH = 52;

function shown(payload: string): string {
  const text = textOf(payload, { textKey: ["content"], textTemplate: null });
  const line = "text" in text ? text.text.replace(/\s+/g, " ") : "";
  return line.length > WIDTH ? `${line.slice(0, WIDTH - 1)}…` : line;
}

function sideBySide(before: readonly Answers[], after: readonly Answers[]): readonly string[] {
  return before.flatMap(({ query, best }, index) => [
    `  ${query}`,
    ...best.map((old, rank) => `    ${old.padEnd(WIDTH)} │ ${after[index]?.best[rank] ?? ""}`),
  ]);
}
