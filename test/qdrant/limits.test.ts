import assert from "node:assert/strict";
import { test } from "node:test";
import { openQdrant } from "../../src/qdrant/client.ts";
import { COMPLETED, failed, openAgainst, point } from "../support/adapter.ts";
import { type GivenAnswer, startAnswers } from "../support/answers.ts";

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

const infoOf = (strict: object): GivenAnswer => ({
  body: JSON.stringify({ result: { status: "green", config: { strict_mode_config: strict } } }),
});

/** A collection whose strict mode is what `strict` answers each time it is asked. */
async function openStrict(strict: (times: number) => object, answer: (points: number) => GivenAnswer) {
  let times = 0;
  const server = await startAnswers(({ method, body }) =>
    method === "GET"
      ? infoOf(strict(times++))
      : answer(JSON.parse(body).points?.length ?? JSON.parse(body).ids.length),
  );
  return { server, qdrant: openQdrant({ url: server.url, apiKey: async () => null }) };
}

test("a batch limit set a minute ago is learnt from the refusal", async () => {
  const sizes: number[] = [];
  const { server, qdrant } = await openStrict(
    (times) => (times === 0 ? { enabled: false } : { enabled: true, upsert_max_batchsize: 2 }),
    (count) => {
      sizes.push(count);
      return count > 2 ? failed(400, "Bad request: Limit exceeded 5 > 2") : { body: COMPLETED };
    },
  );
  await using _ = server;

  await qdrant.upsert("c", ["1", "2", "3", "4", "5"].map(point));

  assert.deepEqual(sizes, [5, 2, 2, 1]);
});

test("writes that a fence stops are for later, not for the dead-letter queue", async () => {
  const { server, qdrant } = await openStrict(
    (times) => ({ enabled: true, ...(times === 0 ? {} : { upsert_max_batchsize: 0 }) }),
    () => failed(400, "Bad request: Limit exceeded 1 > 0"),
  );
  await using _ = server;

  await assert.rejects(qdrant.upsert("c", [point("1")]), {
    name: "TransientError",
    message: /stops every upsert/,
  });
});

test("requests stay below the allowance of a minute, which no waiting would make larger", async () => {
  const sizes: number[] = [];
  const { server, qdrant } = await openStrict(
    () => ({ enabled: true, write_rate_limit: 3, read_rate_limit: 2 }),
    (count) => {
      sizes.push(count);
      return { body: COMPLETED.replace('"operation_id":1,"status":"completed"', '"status":"completed"') };
    },
  );
  await using _ = server;

  await qdrant.upsert("c", ["1", "2", "3", "4"].map(point));

  assert.deepEqual(sizes, [3, 1]);
});

test("a request never grows beyond 5 MB, whatever letters a payload has", async () => {
  const sizes: number[] = [];
  const { server, qdrant } = await openAgainst(({ body }) => {
    sizes.push(Buffer.byteLength(body));
    return { body: COMPLETED };
  });
  await using _ = server;
  const payload = JSON.stringify({ content: "記".repeat(300_000) });

  await qdrant.upsert(
    "c",
    Array.from({ length: 12 }, (_, id) => ({ id: String(id), payload, vectors: "[1]" })),
  );

  assert.equal(sizes.length, 3);
  assert.ok(sizes.every((size) => size < 5_000_000));
});

test("a Retry-After beyond patience is left to the queue", async () => {
  const { server, qdrant, slept } = await openAgainst(() => ({
    ...failed(429, "Rate limit"),
    headers: { "retry-after": "60" },
  }));
  await using _ = server;

  await assert.rejects(qdrant.count("c"), { name: "TransientError" });
  assert.deepEqual(slept, []);
});
