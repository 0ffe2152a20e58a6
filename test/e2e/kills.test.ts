// SIGKILL at random requests of the real command line, on a built-in Qdrant of its own process that keeps its data:
// migrations, cut-overs and rollbacks are killed and started again with the same command, and memories are written
// between the kills. In the end every id, payload and vector is what its writer said last.
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { openModels } from "../../src/embedding/open.ts";
import { openLedger } from "../../src/ledger/ledger.ts";
import { readStatus } from "../../src/migration/status.ts";
import { openQdrant } from "../../src/qdrant/client.ts";
import { end, type Served, serve } from "../local/qdrant/served.ts";
import { type CommandEnd, type CommandOptions, newFolder, remaster } from "../support/commandLine.ts";
import { type CountingProxy, startProxy } from "../support/countingProxy.ts";
import { loadMemories } from "../support/memories.ts";
import { type Random, seeded } from "../support/random.ts";
import { DirectWriter } from "./directWriter.ts";

/** The moments are drawn from it: `KILLS_SEED=7 node --test test/e2e/kills.test.ts`. */
const SEED = Number(process.env.KILLS_SEED ?? 1);
const MEMORIES = 250;
/** A whole run of each makes a few more requests than this. */
const REQUESTS = { migrate: 200, cutover: 110, rollback: 110 };

type Verb = keyof typeof REQUESTS;

interface Lane {
  readonly name: string;
  /** How often each verb is killed before it may end. */
  readonly verbs: readonly { readonly verb: Verb; readonly kills: number }[];
  /** The server dies with the run. */
  readonly serverDies?: boolean;
}

const LANES: readonly Lane[] = [
  {
    name: "migrate and cut over",
    verbs: [
      { verb: "migrate", kills: 4 },
      { verb: "cutover", kills: 3 },
    ],
  },
  {
    name: "there and back",
    verbs: [
      { verb: "migrate", kills: 2 },
      { verb: "cutover", kills: 3 },
      { verb: "rollback", kills: 2 },
    ],
  },
  {
    name: "the server dies as well",
    verbs: [
      { verb: "migrate", kills: 4 },
      { verb: "cutover", kills: 2 },
    ],
    serverDies: true,
  },
];

const models = openModels({ modelDir: null, defaultModel: "static-384-8k", dimensions: null, threads: 1 });
const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/** One collection, its server, and whoever writes to it. */
class Town {
  readonly phases: string[] = [];
  readonly writer: DirectWriter;
  readonly #folder: string;
  readonly #random: Random;
  readonly #proxy: CountingProxy;
  #server: Served;
  /** `remaster events`, at work beside the run. */
  #events: Promise<void> = Promise.resolve();

  private constructor(outside: Outside, random: Random) {
    this.#server = outside.server;
    this.#proxy = outside.proxy;
    this.#folder = outside.folder;
    this.#random = random;
    const qdrant = openQdrant({ url: outside.server.url, apiKey: async () => null });
    this.writer = new DirectWriter({ qdrant, models, random, alias: "mem" });
  }

  static async found(random: Random): Promise<Town> {
    const folder = newFolder();
    folders.push(folder);
    const server = await serve("--port", "0", "--data", join(folder, "qdrant"));
    const town = new Town({ server, proxy: await startProxy(server.url), folder }, random);
    await loadMemories(town.writer.qdrant, { collection: "mem_384d", alias: "mem", count: MEMORIES });
    await town.writer.learn();
    return town;
  }

  run(verb: Verb, options: CommandOptions = {}): Promise<CommandEnd> {
    const first = verb === "migrate" ? ["--source-model", "static-384-8k", "--batch-size", "16"] : [];
    const common = ["--collection", "mem", "--url", this.#proxy.url, "--concurrency", "1", "--json"];
    const args = [verb, ...first, ...common];
    return this.#remaster(args, options);
  }

  /** Killed at one of its first `requestsMax` requests; says how many it made when it ended before that. */
  async runIntoDeath(verb: Verb, requestsMax: number): Promise<"killed" | number> {
    const death = new AbortController();
    this.#proxy.strikeAt({
      request: 1 + this.#random.int(requestsMax),
      isAnswered: this.#random.int(2) === 0,
      strike: () => death.abort(),
    });
    const whom = this.#random.int(3) > 0 ? "group" : "parent";
    const run = await this.run(verb, { kill: { at: death.signal, whom } });
    const { count } = this.#proxy;
    this.#proxy.strikeAt(null);
    if (run.code === null) {
      this.phases.push(`${verb} in ${await this.phase()}`);
      return "killed";
    }
    assert.equal(run.code, 0, run.err);
    return count;
  }

  async phase(): Promise<string> {
    const ledger = await openLedger(`file://${this.#folder}/ledger`);
    return (await readStatus(ledger, { now: Date.now }, "mem_384d")).phase;
  }

  /** A power cut, and back: the same port, the same data. */
  async restartServer(): Promise<void> {
    await end(this.#server, "SIGKILL");
    const { port } = new URL(this.#server.url);
    this.#server = await serve("--port", port, "--data", join(this.#folder, "qdrant"));
  }

  /** What there is to tell goes to `remaster events`, beside the run that comes next. */
  startEvents(): void {
    const input = `${this.writer.takeEvents().join("\n")}\n`;
    const args = ["events", "--collection", "mem", "--url", this.#server.url];
    this.#events = this.#remaster(args, { input }).then(({ code, out, err }) =>
      assert.equal(code, 0, `${out}${err}`),
    );
    // Whoever waits for it hears of it.
    this.#events.catch(() => {});
  }

  eventsApplied = (): Promise<void> => this.#events;

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#events.catch(() => {});
    await this.#proxy[Symbol.asyncDispose]();
    await end(this.#server, "SIGKILL");
  }

  #remaster(args: readonly string[], options: CommandOptions): Promise<CommandEnd> {
    return remaster([...args, "--ledger", join(this.#folder, "ledger")], { cwd: this.#folder, ...options });
  }
}

interface Outside {
  readonly server: Served;
  readonly proxy: CountingProxy;
  readonly folder: string;
}

async function liveThrough(town: Town, lane: Lane): Promise<void> {
  for (const { verb, kills } of lane.verbs) {
    let requestsMax = REQUESTS[verb];
    for (let killed = 0; killed < kills; ) {
      const run = await town.runIntoDeath(verb, requestsMax);
      if (run !== "killed") {
        // It was done before. The next one repeats it and has less to do.
        requestsMax = run;
        continue;
      }
      killed++;
      if (lane.serverDies) await town.restartServer();
      await town.writer.write();
      // In the middle, so that events meet runs that are killed; and before there is a plan nobody knows the model
      // of the source, so puts would be refused.
      if (killed === 2 && (await town.phase()) !== "none") town.startEvents();
    }
    await town.eventsApplied();
    town.startEvents();
    const ended = await town.run(verb);
    assert.equal(ended.code, 0, ended.err);
    await town.eventsApplied();
    const serving = verb === "cutover" ? "mem_768d" : "mem_384d";
    await town.writer.check({ serving, other: serving === "mem_384d" ? "mem_768d" : "mem_384d" });
  }
}

/** A run mostly waits. */
const SIDE_BY_SIDE = { concurrency: LANES.length };

test(
  `20 kills at moments of seed ${SEED}: nothing is lost, resurrected or spoilt`,
  SIDE_BY_SIDE,
  async (context) => {
    const struck: string[] = [];
    await Promise.all(
      LANES.map((lane, index) =>
        context.test(`${lane.name} (seed ${SEED})`, async () => {
          await using town = await Town.found(seeded(SEED * 1000 + index));
          await liveThrough(town, lane);
          struck.push(...town.phases);
        }),
      ),
    );

    assert.equal(struck.length, 20);
    context.diagnostic(`seed ${SEED} killed ${struck.join(", ")}`);
  },
);
