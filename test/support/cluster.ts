// A cluster as its clients see one with custom sharding: in front of a built-in Qdrant, where every shard key is a
// collection of its own. Held to exchanges recorded from a real cluster (test/qdrant/cluster.test.ts).
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { startQdrant } from "../../local/qdrant/server.ts";
import { elementsAt, membersAt } from "../../src/qdrant/slices.ts";

interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Ask {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Sharded {
  /** Requests that made the collection what it is; a new key's points get the same. */
  readonly made: Ask[];
  /** Shard key as JSON text, to the collection that holds its points and the number of its shards. */
  readonly keys: Map<string, { readonly inner: string; readonly shards: number }>;
}

export interface Cluster extends AsyncDisposable {
  readonly url: string;
}

export async function startCluster(): Promise<Cluster> {
  const inner = await startQdrant({ port: 0 });
  const road = new Road(inner.url);
  const server = createServer((asked, answer) => void serve(road, asked, answer));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await once(server.close(), "close");
      await inner.close();
    },
  };
}

async function serve(road: Road, asked: IncomingMessage, answer: ServerResponse): Promise<void> {
  const { method = "GET", url: path = "/" } = asked;
  try {
    const { status, body } = await road.ask({ method, path, body: await text(asked), headers: kept(asked) });
    answer.writeHead(status, { "content-type": "application/json" }).end(body);
  } catch (error) {
    answer.writeHead(500).end(String(error));
  }
}

const kept = ({ headers }: IncomingMessage): Readonly<Record<string, string>> =>
  typeof headers["content-type"] === "string" ? { "content-type": headers["content-type"] } : {};

const done = (result: string): Answer => ({
  status: 200,
  body: `{"result":${result},"status":"ok","time":0.001}`,
});
const fault = (sentence: string): Answer => ({
  status: 400,
  body: `{"status":{"error":${JSON.stringify(sentence)}},"time":0.00001}`,
});

const KEY = /^\{"shard_key":("(?:[^"\\]|\\.)*"|\d+),?/;
const resultOf = ({ body }: Answer): string => membersAt(body).get("result") ?? "null";

class Road {
  readonly #url: string;
  readonly #sharded = new Map<string, Sharded>();
  #count = 0;

  constructor(url: string) {
    this.#url = url;
  }

  async ask(ask: Ask): Promise<Answer> {
    const [, name = "", rest = ""] = /^\/collections\/([^/?]+)([^?]*)/.exec(ask.path) ?? [];
    if (ask.method === "PUT" && rest === "" && /"sharding_method":"custom"/.test(ask.body))
      return this.#create(name, ask);
    const own = this.#sharded.has(name) ? name : await this.#resolve(name);
    const sharded = this.#sharded.get(own);
    if (sharded === undefined) return this.#pass(ask);
    const there = { ...ask, path: ask.path.replace(`/collections/${name}`, `/collections/${own}`) };
    return this.#askSharded(sharded, { own, rest }, there);
  }

  async #create(name: string, ask: Ask): Promise<Answer> {
    const plain = { ...ask, body: ask.body.replace(/"sharding_method":"custom",?/, "").replace(",}", "}") };
    const answer = await this.#pass(plain);
    if (answer.status === 200) this.#sharded.set(name, { made: [plain], keys: new Map() });
    return answer;
  }

  async #resolve(name: string): Promise<string> {
    const answer = await this.#pass({ method: "GET", path: "/aliases", body: "", headers: {} });
    const { aliases } = JSON.parse(resultOf(answer)) as {
      aliases: { alias_name: string; collection_name: string }[];
    };
    return aliases.find(({ alias_name }) => alias_name === name)?.collection_name ?? name;
  }

  async #askSharded(
    sharded: Sharded,
    { own, rest }: { readonly own: string; readonly rest: string },
    ask: Ask,
  ): Promise<Answer> {
    if (rest === "" && ask.method === "GET") return this.#info(sharded, ask);
    if (rest === "" && ask.method === "DELETE") {
      for (const { inner } of sharded.keys.values()) await this.#pass(moved(ask, own, inner));
      this.#sharded.delete(own);
      return this.#pass(ask);
    }
    if (rest === "/shards") return ask.method === "GET" ? listed(sharded) : this.#makeKey(sharded, own, ask);
    if (rest === "/shards/delete") return this.#dropKey(sharded, own, ask);
    if (rest === "/cluster") return shown(sharded);
    if (rest.startsWith("/points") && ask.body !== "") return this.#askPoints(sharded, own, ask);
    // Settings and indexes are those of every key.
    sharded.made.push(ask);
    for (const { inner } of sharded.keys.values()) await this.#pass(moved(ask, own, inner));
    return this.#pass(ask);
  }

  async #info(sharded: Sharded, ask: Ask): Promise<Answer> {
    const answer = await this.#pass(ask);
    let count = 0;
    for (const { inner } of sharded.keys.values()) count += await this.#countOf(inner);
    return {
      ...answer,
      body: answer.body
        .replace('"replication_factor"', '"sharding_method":"custom","replication_factor"')
        .replace(/"points_count":\d+/, `"points_count":${count}`),
    };
  }

  async #countOf(collection: string): Promise<number> {
    const path = `/collections/${collection}/points/count`;
    const body = '{"exact":true}';
    const headers = { "content-type": "application/json" };
    return Number(
      membersAt(resultOf(await this.#pass({ method: "POST", path, body, headers }))).get("count"),
    );
  }

  async #makeKey(sharded: Sharded, own: string, ask: Ask): Promise<Answer> {
    const members = membersAt(ask.body);
    const key = members.get("shard_key") ?? "null";
    if (sharded.keys.has(key))
      return fault(`Bad request: Sharding key ${key} already exists for collection ${own}`);
    const inner = `${own}.shard-${this.#count++}`;
    for (const step of sharded.made) await this.#pass(moved(step, own, inner));
    sharded.keys.set(key, { inner, shards: Number(members.get("shards_number") ?? 1) });
    return done("true");
  }

  async #dropKey(sharded: Sharded, own: string, ask: Ask): Promise<Answer> {
    const key = membersAt(ask.body).get("shard_key") ?? "null";
    const found = sharded.keys.get(key);
    if (found === undefined) return fault(`Bad request: Shard key ${key} not found`);
    sharded.keys.delete(key);
    const path = `/collections/${found.inner}`;
    return this.#pass({ ...ask, method: "DELETE", path, body: "" }).then(
      () => done("true"),
      () => fault(own),
    );
  }

  async #askPoints(sharded: Sharded, own: string, ask: Ask): Promise<Answer> {
    const [prefix = "", key] = KEY.exec(ask.body) ?? [];
    const isWrite = ask.path.includes("wait=true");
    if (key === undefined)
      return isWrite ? fault("Wrong input: Shard key not specified") : this.#merge(sharded, own, ask);
    const found = sharded.keys.get(key);
    if (found === undefined)
      return fault(`${isWrite ? "Wrong input" : "Bad request"}: Shard key ${key} not found`);
    const answer = await this.#pass(
      moved({ ...ask, body: `{${ask.body.slice(prefix.length)}` }, own, found.inner),
    );
    return isWrite || answer.status !== 200 ? answer : withKey(answer, key);
  }

  /** Without a key all are asked; of an id that stands under several only the first is shown. */
  async #merge({ keys }: Sharded, own: string, ask: Ask): Promise<Answer> {
    const answers: Answer[] = [];
    for (const [key, { inner }] of keys) {
      const answer = await this.#pass(moved(ask, own, inner));
      if (answer.status !== 200) return answer;
      answers.push(withKey(answer, key));
    }
    if (ask.path.includes("/points/count"))
      return done(
        `{"count":${answers.reduce((sum, one) => sum + Number(membersAt(resultOf(one)).get("count")), 0)}}`,
      );
    const points = new Map<string, string>();
    const all = answers.flatMap(pointsOf).map((point) => ({ point, members: membersAt(point) }));
    const isSearch = ask.path.includes("/points/query");
    if (isSearch) all.sort((a, b) => Number(b.members.get("score")) - Number(a.members.get("score")));
    for (const { point, members } of all) {
      const id = members.get("id") ?? "";
      if (isSearch) points.set(`${members.get("shard_key")}/${id}`, point);
      else if (!points.has(id)) points.set(id, point);
    }
    const limit = Number(membersAt(ask.body).get("limit") ?? 10);
    const list = `[${[...points.values()].slice(0, ask.path.endsWith("/points") ? points.size : limit).join()}]`;
    if (isSearch) return done(`{"points":${list}}`);
    return done(ask.path.endsWith("/scroll") ? `{"points":${list},"next_page_offset":null}` : list);
  }

  async #pass({ method, path, body, headers }: Ask): Promise<Answer> {
    const sent = body === "" ? {} : { body };
    const response = await fetch(new URL(path, this.#url), { method, headers, ...sent });
    return { status: response.status, body: await response.text() };
  }
}

const moved = (ask: Ask, own: string, inner: string): Ask => ({
  ...ask,
  path: ask.path.replace(`/collections/${own}`, `/collections/${inner}`),
});

const listed = ({ keys }: Sharded): Answer =>
  done(`{"shard_keys":[${[...keys.keys()].map((key) => `{"key":${key}}`).join()}]}`);

/** As the schema of the API has it: each shard with its key. */
function shown({ keys }: Sharded): Answer {
  const shards = [...keys].flatMap(([key, { shards: count }]) => Array.from({ length: count }, () => key));
  const local = shards.map(
    (key, id) => `{"shard_id":${id},"shard_key":${key},"points_count":0,"state":"Active"}`,
  );
  return done(
    `{"peer_id":1,"shard_count":${shards.length},"local_shards":[${local.join()}],"remote_shards":[],"shard_transfers":[]}`,
  );
}

const pointsOf = (answer: Answer): readonly string[] => {
  const result = resultOf(answer);
  return elementsAt(result.startsWith("[") ? result : (membersAt(result).get("points") ?? "[]"));
};

/** Every point says its shard key, last as in the recordings. */
function withKey(answer: Answer, key: string): Answer {
  const result = resultOf(answer);
  const points = pointsOf(answer).map((point) => `${point.slice(0, -1)},"shard_key":${key}}`);
  const list = `[${points.join()}]`;
  if (result.startsWith("[")) return done(list);
  const members = new Map(membersAt(result));
  if (!members.has("points")) return answer;
  members.set("points", list);
  return done(`{${[...members].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join()}}`);
}
