// Queries over HTTP against the built-in Qdrant while its alias goes back and forth between two real models.
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { type FollowedAlias, followAlias } from "remaster/client";
import { startHost } from "../../local/host/host.ts";
import { type QdrantServer, startQdrant } from "../../local/qdrant/server.ts";
import { openModels } from "../../src/embedding/open.ts";
import { withMark } from "../../src/migration/metadata.ts";
import type { Models, Qdrant } from "../../src/migration/ports.ts";
import { answerQuery } from "../../src/migration/query.ts";
import { parseQuery } from "../../src/migration/queryRequest.ts";
import { openQdrant } from "../../src/qdrant/client.ts";
import { encodeVector } from "../../src/qdrant/wire.ts";
import { newFolder, remaster } from "../support/commandLine.ts";

const TEXTS = [
  "The lighthouse keeper counts ships at night.",
  "Elena planted tomatoes behind the house.",
  "The train to the mountains leaves at seven.",
  "My brother repairs old radios in the cellar.",
  "We danced in the kitchen while it rained.",
];
const SWAPS = 20;
const SIDES = [
  ["memories_384d", "static-384-8k"],
  ["memories_768d", "static-768-8k"],
] as const;

const models: Models = openModels({ modelDir: null, defaultModel: null, dimensions: null, threads: 1 });
let server: QdrantServer;
let qdrant: Qdrant;

before(async () => {
  server = await startQdrant({ port: 0 });
  qdrant = openQdrant({ url: server.url, apiKey: async () => null });
  for (const [collection, model] of SIDES) await addCollection(collection, model);
  await pointTo("memories_384d");
});
after(() => server.close());

async function addCollection(collection: string, model: string): Promise<void> {
  const { contract, embed } = await models.open(model);
  const metadata = withMark({}, { contract, source: null, migration: null });
  const vectors = { size: contract.dimensions, distance: "Cosine" };
  await qdrant.createCollection(collection, { vectors, metadata });
  const made = await embed(TEXTS, "passage");
  const points = made.map((one, index) => ({
    id: String(index + 1),
    payload: JSON.stringify({ content: TEXTS[index] }),
    vectors: one.ok ? encodeVector(one.vector) : "{}",
  }));
  await qdrant.upsert(collection, points);
}

const pointTo = (collection: string): Promise<void> =>
  qdrant.changeAliases([{ create_alias: { collection_name: collection, alias_name: "memories" } }]);

/** Runs `ask` again and again, two side by side, until all swaps are done; each asks three times a swap or more. */
async function throughSwaps(ask: (turn: number) => Promise<void>): Promise<number> {
  let [isOver, turns] = [false, 0];
  const load = [0, 1].map(async () => {
    while (!isOver) await ask(turns++);
  });
  for (let swap = 1; swap <= SWAPS; swap++) {
    const asked = turns;
    await pointTo(SIDES[swap % 2 === 0 ? 0 : 1][0]);
    while (turns < asked + 6) await new Promise(setImmediate);
  }
  isOver = true;
  await Promise.all(load);
  return turns;
}

const textOf = (turn: number): string => TEXTS[turn % TEXTS.length] ?? "";

test("no query fails through twenty swaps, and each meets the collection of its own model", async () => {
  const outside = { qdrant, ledger: null, models };
  const seen = new Set<string>();

  const turns = await throughSwaps(async (turn) => {
    const query = parseQuery({ alias: "memories", texts: [textOf(turn)], search: { limit: 1 } });
    const { collection, contract, results } = await answerQuery(outside, query);
    assert.ok(collection.endsWith(`_${contract.dimensions}d`));
    // A text finds itself exactly when it was embedded by the model of the collection.
    assert.deepEqual(JSON.parse(results?.[0]?.[0]?.payload ?? "{}"), { content: textOf(turn) });
    assert.ok((results?.[0]?.[0]?.score ?? 0) > 0.999);
    seen.add(collection);
  });

  assert.ok(turns >= SWAPS * 6);
  assert.equal(seen.size, 2);
});

test("no search of the client fails through twenty swaps, whatever it remembers", async () => {
  const client = clientOf({ followedMs: 20 });

  await throughSwaps(async (turn) => {
    const [hit] = await client.search(textOf(turn), { limit: 1 });
    assert.ok((hit?.score ?? 0) > 0.999);
  });
});

const clientOf = (options: Partial<Parameters<typeof followAlias>[0]>): FollowedAlias =>
  followAlias({ qdrantUrl: server.url, alias: "memories", ...options });

test("the client believes its answer for a while, and asks again when the collection is gone", async () => {
  await addCollection("memories_passing", "static-384-8k");
  await pointTo("memories_passing");
  const client = clientOf({ followedMs: 60_000 });
  await client.search("tomatoes");

  await pointTo("memories_768d");
  assert.equal((await client.now()).collection, "memories_passing");
  await qdrant.deleteCollection("memories_passing");

  assert.equal((await client.search("tomatoes", { limit: 1 })).length, 1);
  assert.equal((await client.now()).collection, "memories_768d");
});

test("an application may embed by itself: it is told the model, and held to its dimensions", async () => {
  await pointTo("memories_768d");
  const told: string[] = [];
  const client = clientOf({
    async embed(texts, contract) {
      told.push(contract.id, ...texts);
      return texts.map(() => Array.from({ length: texts[0] === "short" ? 3 : 768 }, () => 0.5));
    },
  });

  assert.equal((await client.search("a question", { limit: 2 })).length, 2);
  assert.match(told.join(), /static-768-8k,.*a question/);
  await assert.rejects(client.vectors(["short"]), { name: "ConfigError", message: /sizes 3; 1 of 768/ });
});

test("of several vectors the one of the model's size is searched", async () => {
  const [small, large] = await Promise.all(SIDES.map(([, model]) => models.open(model)));
  const [old, made] = await Promise.all([small, large].map((one) => one?.embed([textOf(0)], "passage")));
  assert.ok(old?.[0]?.ok && made?.[0]?.ok && large !== undefined);
  const metadata = withMark({}, { contract: large.contract, source: null, migration: null });
  const vectors = { old: { size: 384, distance: "Cosine" }, new: { size: 768, distance: "Cosine" } };
  await qdrant.createCollection("bridge", { vectors, metadata });
  const both = `{"old":${encodeVector(old[0].vector)},"new":${encodeVector(made[0].vector)}}`;
  await qdrant.upsert("bridge", [{ id: "1", payload: "{}", vectors: both }]);

  const client = clientOf({ alias: "bridge" });

  assert.equal((await client.now()).vectorName, "new");
  assert.ok(((await client.search(textOf(0)))[0]?.score ?? 0) > 0.999);
});

test("a filter and a score threshold narrow the search", async () => {
  const client = clientOf({});
  const filter = { must: [{ key: "content", match: { value: textOf(1) } }] };

  assert.deepEqual(
    (await client.search(textOf(0), { limit: 5, filter })).map(({ id }) => id),
    ["2"],
  );
  assert.equal((await client.search(textOf(0), { limit: 5, scoreThreshold: 0.99 })).length, 1);
  await assert.rejects(client.search(textOf(0), { filter: { must: [{ nonsense: 1 }] } }), {
    name: "PermanentError",
  });
});

test("the function answers in a process of its own, with the settings the stack gives it", async () => {
  await pointTo("memories_768d");
  const host = await startHost({
    qdrantUrl: server.url,
    apiKey: null,
    ledgerFolder: newFolder(),
    modelDir: null,
    embeddingModel: null,
    embeddingDimensions: null,
    concurrency: 1,
    onLog: () => {},
  });
  const event = { requestContext: { http: { method: "POST" } }, isBase64Encoded: false };
  try {
    const body = JSON.stringify({ alias: "memories", texts: [textOf(2)] });
    const answer = await host.invoke("query", { ...event, body });
    const refused = host.invoke("query", { alias: "memories", texts: [] });

    assert.match(JSON.stringify(answer), /"statusCode":200.*static-768-8k/);
    await assert.rejects(refused, { name: "ConfigError", message: /1 to 100 texts/ });
  } finally {
    await host.stop({ graceMs: 1000 });
  }
});

test("a key that can be read on its way is warned about, and never shown", async () => {
  await pointTo("memories_384d");
  // Not a loopback address by name, and yet this machine.
  const url = server.url.replace("127.0.0.1", "0.0.0.0");
  const flags = ["--url", url, "--collection", "memories"];
  const warned = once(process, "warning");

  await followAlias({ qdrantUrl: url, apiKey: "secret-key", alias: "memories" }).now();
  const ends = [
    await remaster(["query", ...flags, "--text", textOf(1)], { env: { QDRANT_API_KEY: "secret-key" } }),
    await remaster(["inspect", ...flags], { env: { QDRANT_API_KEY: "secret-key" } }),
    await remaster(["query", ...flags, "--text", textOf(1)]),
  ];

  assert.equal((await warned)[0].code, "REMASTER_KEY_UNENCRYPTED");
  assert.deepEqual(
    ends.map(({ err }) => /Warning: the API key travels to 0\.0\.0\.0:\d+ unencrypted/.test(err)),
    [true, true, false],
  );
  assert.ok(!ends.some(({ out, err }) => (out + err).includes("secret-key")));
});

test("the command line searches with words", async () => {
  await pointTo("memories_384d");
  const flags = ["query", "--url", server.url, "--collection", "memories", "--text", textOf(1)];

  const plain = await remaster([...flags, "--limit", "1"]);
  const { code, json } = await remaster([...flags, "--limit", "2", "--json"]);

  assert.match(plain.out, /memories is memories_384d, model .*\n1\.0000 {2}2 {2}\{"content":"Elena/);
  assert.deepEqual([code, json?.collection], [0, "memories_384d"]);
  assert.equal((await remaster([...flags, "--limit", "0"])).code, 2);
});
