import assert from "node:assert/strict";
import { test } from "node:test";
import { openQdrant } from "../../src/qdrant/client.ts";
import { type Asked, type GivenAnswer, startAnswers } from "../support/answers.ts";

const ROOT = '{"title":"qdrant - vector search engine","version":"1.19.0","commit":"x"}';
const COMPLETED = '{"result":{"operation_id":1,"status":"completed"},"status":"ok"}';
const failed = (status: number, error: string): GivenAnswer => ({
  status,
  body: JSON.stringify({ status: { error }, time: 0 }),
});

async function openAgainst(answer: (asked: Asked, index: number) => GivenAnswer) {
  const server = await startAnswers((asked, index) =>
    // Limits are asked for once a collection; tests answer only what they are about.
    asked.method === "GET" && asked.path === "/collections/c"
      ? { body: '{"result":{"status":"green","optimizer_status":"ok","config":{}},"status":"ok"}' }
      : answer(asked, index),
  );
  const slept: number[] = [];
  const qdrant = openQdrant({
    url: server.url,
    apiKey: async () => "secret-key",
    sleep: async (ms) => void slept.push(ms),
    random: () => 0.5,
  });
  return { server, qdrant, slept };
}

const point = (id: string) => ({ id, payload: "{}", vectors: "[1]" });

test("says that there is no Qdrant when something else answers", async () => {
  const { server, qdrant } = await openAgainst(() => ({ body: "<html>hello</html>" }));
  await using _ = server;

  await assert.rejects(qdrant.version(), {
    name: "ConfigError",
    message: /There is no Qdrant at .*something else/,
  });
});

test("says that there is no Qdrant when nothing answers", async () => {
  const qdrant = openQdrant({ url: "http://127.0.0.1:9", apiKey: async () => null });

  await assert.rejects(qdrant.version(), { name: "ConfigError", message: /There is no Qdrant at/ });
});

test("refuses a server that is too old to keep a model's name", async () => {
  const { server, qdrant } = await openAgainst(() => ({ body: ROOT.replace("1.19.0", "1.15.5") }));
  await using _ = server;

  await assert.rejects(qdrant.version(), { name: "ConfigError", message: /1\.15\.5.*1\.16/ });
});

test("a wrong key is refused at once, and is in no message", async () => {
  const { server, qdrant } = await openAgainst(() => ({
    status: 401,
    body: "Must provide an API key or an Authorization bearer token",
    headers: { "content-type": "text/plain" },
  }));
  await using _ = server;

  for (const call of [() => qdrant.collections(), () => qdrant.count("c")])
    await assert.rejects(call, (error: Error) => {
      assert.equal(error.name, "RefusedError");
      assert.match(error.message, /Check the API key/);
      assert.doesNotMatch(error.message, /secret-key/);
      return true;
    });
});

test("waits as long as Retry-After says, with jitter, and then goes on", async () => {
  const { server, qdrant, slept } = await openAgainst((_, index) =>
    index === 1 ? { ...failed(429, "Rate limit"), headers: { "retry-after": "30" } } : { body: COMPLETED },
  );
  await using _ = server;

  await qdrant.upsert("c", [point("1")]);

  assert.deepEqual(slept, [33_750]);
});

const TOO_LARGE: Readonly<Record<string, GivenAnswer>> = {
  "429 without Retry-After": failed(429, "Rate limit"),
  "413": failed(413, "Payload too large"),
  "400 for its size": failed(
    400,
    "Payload error: JSON payload (40000000 bytes) is larger than allowed (limit: 33554432 bytes).",
  ),
};

for (const [name, refusal] of Object.entries(TOO_LARGE)) {
  test(`a request refused with ${name} is halved until the server takes it`, async () => {
    const written: number[] = [];
    const { server, qdrant } = await openAgainst(({ body }) => {
      const count = JSON.parse(body).points.length;
      if (count > 2) return refusal;
      written.push(count);
      return { body: COMPLETED };
    });
    await using _ = server;

    await qdrant.upsert("c", ["1", "2", "3", "4", "5"].map(point));

    assert.equal(
      written.reduce((sum, count) => sum + count, 0),
      5,
    );
  });
}

const CLASSES: readonly (readonly [number, string])[] = [
  [400, "PermanentError"],
  [404, "PermanentError"],
  [422, "PermanentError"],
  [408, "TransientError"],
  [500, "TransientError"],
  [503, "TransientError"],
  [507, "TransientError"],
  [403, "RefusedError"],
];

for (const [status, name] of CLASSES) {
  test(`${status} is a ${name} with its status, on both paths`, async () => {
    const { server, qdrant } = await openAgainst(() => failed(status, "no"));
    await using _ = server;

    for (const call of [() => qdrant.count("c"), () => qdrant.collections()])
      await assert.rejects(call, (error: Error & { fields?: { status?: number } }) => {
        assert.equal(error.name, name);
        assert.equal(error.fields?.status, status);
        return true;
      });
  });
}

test("a connection cut once is tried again at once, cut twice it is transient", async () => {
  const once = await openAgainst((_, index) =>
    index === 0 ? { cut: true } : { body: '{"result":{"count":3}}' },
  );
  await using _one = once.server;
  assert.equal(await once.qdrant.count("c"), 3);

  const always = await openAgainst(() => ({ cut: true }));
  await using _two = always.server;
  await assert.rejects(always.qdrant.count("c"), { name: "TransientError" });
});

test("a write the server only acknowledged, or gave up waiting for, does not count as done", async () => {
  for (const status of ["acknowledged", "wait_timeout"]) {
    const { server, qdrant } = await openAgainst(() => ({ body: COMPLETED.replace("completed", status) }));
    await using _ = server;

    await assert.rejects(qdrant.upsert("c", [point("1")]), { name: "TransientError" });
  }
});

test("a validation error that quotes a payload is not repeated", async () => {
  const { server, qdrant } = await openAgainst(() =>
    failed(400, "Format error in JSON body: invalid `my private memory`"),
  );
  await using _ = server;

  await assert.rejects(qdrant.upsert("c", [point("1")]), (error: Error) => {
    assert.doesNotMatch(error.message, /private/);
    return true;
  });
});

test("redirects are not followed", async () => {
  const { server, qdrant } = await openAgainst(() => ({
    status: 307,
    headers: { location: "http://127.0.0.1:9/" },
  }));
  await using _ = server;

  await assert.rejects(qdrant.count("c"), { name: "PermanentError", message: /Redirects are not followed/ });
});

test("a path in the address is kept as a prefix, for points and for names", async () => {
  const server = await startAnswers(({ path }) =>
    path.endsWith("/count")
      ? { body: '{"result":{"count":1}}' }
      : { body: '{"result":{"collections":[]},"status":"ok"}' },
  );
  await using _ = server;
  const qdrant = openQdrant({ url: `${server.url}/behind/proxy`, apiKey: async () => null });

  await qdrant.count("c");
  await qdrant.collections();

  assert.deepEqual(
    server.asked.map(({ path }) => path),
    ["/behind/proxy/collections/c/points/count", "/behind/proxy/collections"],
  );
});

test("requests keep within what strict mode allows", async () => {
  const sizes: number[] = [];
  const server = await startAnswers(({ method, body }) => {
    if (method === "GET")
      return {
        body: '{"result":{"status":"green","optimizer_status":"ok","config":{"strict_mode_config":{"enabled":true,"upsert_max_batchsize":2,"max_query_limit":3}}}}',
      };
    const parsed = JSON.parse(body);
    sizes.push(parsed.points?.length ?? parsed.limit);
    return {
      body: parsed.points === undefined ? '{"result":{"points":[],"next_page_offset":null}}' : COMPLETED,
    };
  });
  await using _ = server;
  const qdrant = openQdrant({ url: server.url, apiKey: async () => null });

  await qdrant.upsert("c", ["1", "2", "3"].map(point));
  await qdrant.scroll("c", null, 100);

  assert.deepEqual(sizes, [2, 1, 3]);
});
