// Behaviour that the public tests of Qdrant's API ask for and the recordings do not show, in our own requests.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startQdrant } from "../../../local/qdrant/server.ts";

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: every request has an answer of its own shape
  readonly body: any;
}

/** A server with a collection `c` of 2-D vectors under Dot; `send` speaks about that collection. */
async function collection(config: object = {}) {
  const server = await startQdrant({ port: 0 });
  const send = async (method: string, path: string, body?: object): Promise<Answer> => {
    const answer = await fetch(`${server.url}/collections/c${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: JSON.parse(await answer.text()) };
  };
  await send("PUT", "", { vectors: { size: 2, distance: "Dot" }, ...config });
  return { send, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const pointsOf = (payloads: readonly object[]) => ({
  points: payloads.map((payload, at) => ({ id: at + 1, vector: [at, 1], payload })),
});

const idsOf = ({ body }: Answer): number[] => body.result.points.map(({ id }: { id: number }) => id);

test("a query by order_by gives the points in a field's order, each with its value and score 1", async () => {
  await using made = await collection();
  await made.send("PUT", "/points", pointsOf([{ n: 3 }, { n: [1, 5] }, {}, { n: 2 }]));
  await made.send("PUT", "/index", { field_name: "n", field_schema: "integer" });

  const query = { order_by: { key: "n", direction: "desc" } };
  const { body } = await made.send("POST", "/points/query", {
    query,
    offset: 1,
    limit: 2,
    with_payload: ["n"],
  });

  assert.deepEqual(body.result.points, [
    { id: 1, version: 0, score: 1, payload: { n: 3 }, order_value: 3 },
    { id: 4, version: 0, score: 1, payload: { n: 2 }, order_value: 2 },
  ]);
});

test("min_should needs its number", async () => {
  await using made = await collection();

  const filter = { min_should: { conditions: [{ has_id: [1] }] } };
  const { status, body } = await made.send("POST", "/points/scroll", { filter });

  assert.equal(status, 400);
  assert.match(body.status.error, /missing field `min_count`/);
});

test("no value is as many values as none", async () => {
  await using made = await collection();
  await made.send("PUT", "/points", pointsOf([{ tags: ["a", "b"] }, { tags: "a" }, { tags: [] }, {}]));

  const countOf = async (values_count: object) =>
    idsOf(await made.send("POST", "/points/scroll", { filter: { must: [{ key: "tags", values_count }] } }));

  assert.deepEqual(await countOf({ lt: 1 }), [3, 4]);
  assert.deepEqual(await countOf({ gte: 0 }), [1, 2, 3, 4]);
  assert.deepEqual(await countOf({ gt: 1 }), [1]);
});

test("an empty any matches nothing and an empty except whatever has a value", async () => {
  await using made = await collection();
  await made.send("PUT", "/points", pointsOf([{ n: 1, s: "a" }, { n: 2 }, {}]));

  const matching = async (key: string, match: object) =>
    idsOf(await made.send("POST", "/points/scroll", { filter: { must: [{ key, match }] } }));

  for (const index of [false, true]) {
    if (index) await made.send("PUT", "/index", { field_name: "n", field_schema: "integer" });
    assert.deepEqual(await matching("n", { any: [] }), []);
    assert.deepEqual(await matching("n", { except: [] }), [1, 2]);
    assert.deepEqual(await matching("s", { except: [] }), [1]);
  }
});

test("strict mode counts the points of an update of vectors", async () => {
  await using made = await collection();
  const four = { points: [1, 2, 3, 4].map((id) => ({ id, vector: [1, 2] })) };
  await made.send("PUT", "/points", four);
  await made.send("PATCH", "", { strict_mode_config: { enabled: true, upsert_max_batchsize: 3 } });

  const { status, body } = await made.send("PUT", "/points/vectors", four);

  assert.equal(status, 400);
  assert.match(body.status.error, /Limit exceeded 4 > 3 for "update limit"/);
});

for (const [limit, words] of [
  [{ max_collection_vector_size_bytes: 80 }, "Max vector storage size limit of 0.000076293945MB reached!"],
  [{ max_points_count: 10 }, "Max points count limit of 10 reached!"],
] as const) {
  test(`strict mode stops a collection that has grown to its ${Object.keys(limit)[0]}`, async () => {
    await using made = await collection({ strict_mode_config: { enabled: true, ...limit } });
    const upsert = (id: number) => made.send("PUT", "/points", { points: [{ id, vector: [id, 1] }] });

    const answers: Answer[] = [];
    for (let id = 0; id < 40; id++) answers.push(await upsert(id));

    // Ten points are eighty bytes; the server measures at the first write and at the 33rd.
    assert.deepEqual(
      answers.map(({ status }) => status),
      [...Array(32).fill(200), ...Array(8).fill(400)],
    );
    assert.equal(answers.at(-1)?.body.status.error, `Bad request: ${words}`);
    // What is there may still go.
    assert.equal((await made.send("POST", "/points/delete", { points: [1] })).status, 200);
  });
}

for (const vectors of [
  { size: 2, distance: "Dot", datatype: "turbo4" },
  { size: 2, distance: "Dot", memory: "pinned" },
]) {
  test(`says that it cannot do ${JSON.stringify(vectors)}`, async () => {
    await using made = await collection();
    await made.send("DELETE", "");
    assert.equal((await made.send("PUT", "", { vectors })).status, 501);
  });
}

// What a client got wrong must not pass for what it meant: least of all a filter of a deletion.
const WRONG: readonly (readonly [string, string, object, RegExp])[] = [
  [
    "POST",
    "/points/delete",
    { filter: { musst: [{ has_id: [1] }] } },
    /unknown field `musst`, expected one of/,
  ],
  ["POST", "/points/scroll", { filter: { must: [{ must: [], nope: 1 }] } }, /unknown field `nope`/],
  ["POST", "/points/count", { exact: "yes" }, /boolean/],
  ["POST", "/points/scroll", { with_vector: "v" }, /WithVector/],
  ["POST", "/points/scroll", { with_vector: [1] }, /WithVector/],
  ["POST", "/points/query", { query: [1, 2], offset: -1 }, /offset/],
  ["POST", "/points/query", { query: [1, 2], score_threshold: "0.5" }, /score_threshold/],
  ["POST", "/points/query", { query: [1, 2], using: 3 }, /using/],
  ["POST", "/points/query", { query: [1, 2], params: [] }, /params/],
  ["POST", "/points/query/batch", { searches: [7] }, /search request/],
  ["POST", "/points/payload/delete", { points: [1], keys: [1] }, /keys/],
  ["POST", "/points/vectors/delete", { points: [1] }, /missing field `vector`/],
  ["PATCH", "", { metadata: true }, /metadata/],
  ["PATCH", "", { optimizers_config: "fast" }, /map/],
  ["PATCH", "", { strict_mode_config: 1 }, /map/],
  ["PATCH", "", { vectors: [] }, /vectors/],
];

test("a request with a member of another type or name is refused, and nothing is changed", async () => {
  await using made = await collection();
  await made.send("PUT", "/points", pointsOf([{ n: 1 }, { n: 2 }]));
  const before = await made.send("GET", "");

  for (const [method, path, body, words] of WRONG) {
    const answer = await made.send(method, path, body);
    const about = `${method} ${path} ${JSON.stringify(body)}`;
    assert.equal(answer.status, 400, about);
    assert.match(answer.body.status.error, words, about);
  }

  assert.deepEqual((await made.send("GET", "")).body.result, before.body.result);
});
