import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { startQdrant } from "../../../local/qdrant/server.ts";
import { end, serve } from "./served.ts";

async function request(
  url: string,
  method: string,
  path: string,
  body?: string | Buffer,
  headers: Record<string, string> = {},
) {
  const answer = await fetch(
    url + path,
    body === undefined ? { method, headers } : { method, headers, body: new Uint8Array(Buffer.from(body)) },
  );
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

const collectionOf = async (
  url: string,
  config = '{"vectors":{"size":2,"distance":"Dot"}}',
): Promise<void> => {
  assert.equal((await request(url, "PUT", "/collections/c", config)).status, 200);
};

test("answers what it does not support with 501 and a sentence, and changes nothing", async () => {
  await using server = await startQdrant({ port: 0 });
  await collectionOf(server.url);
  const unsupported: readonly (readonly [string, string, string])[] = [
    ["POST", "/collections/c/points/query", '{"prefetch":[{"query":[1,2]}],"query":{"fusion":"rrf"}}'],
    ["POST", "/collections/c/points/query", '{"query":{"recommend":{"positive":[1]}}}'],
    ["POST", "/collections/c/points/query/groups", '{"group_by":"a"}'],
    ["POST", "/collections/c/points/recommend", '{"positive":[1],"limit":1}'],
    ["PUT", "/collections/c/points", '{"points":[{"id":1,"vector":{"":{"text":"a","model":"m"}}}]}'],
    ["POST", "/collections/c/snapshots", ""],
    ["GET", "/metrics", ""],
  ];
  for (const [method, path, body] of unsupported) {
    const answer = await request(server.url, method, path, body === "" ? undefined : body);

    assert.equal(answer.status, 501, path);
    assert.match(answer.text, /The built-in Qdrant does not support .*use a real Qdrant server/, path);
  }
  assert.match((await request(server.url, "POST", "/collections/c/points/count", "{}")).text, /"count":0/);
});

test("lets nobody in without the key, and a reader not write", async () => {
  await using server = await startQdrant({ port: 0, apiKey: "all", readOnlyApiKey: "read" });

  const statuses = await Promise.all([
    request(server.url, "GET", "/readyz"),
    request(server.url, "GET", "/collections"),
    request(server.url, "GET", "/collections", undefined, { "api-key": "al" }),
    request(server.url, "GET", "/collections", undefined, { "api-key": "read" }),
    request(server.url, "PUT", "/collections/c", "{}", { "api-key": "read" }),
    request(server.url, "PUT", "/collections/c", "{}", { authorization: "Bearer all" }),
    request(server.url, "GET", "/collections", undefined, { "api-key": "eyJhbGciOiJIUzI1NiJ9.e30.x" }),
  ]);

  assert.deepEqual(
    statuses.map(({ status }) => status),
    [200, 401, 401, 200, 403, 200, 501],
  );
});

test("unpacks gzip bodies and refuses what is over 32 MiB unpacked", async () => {
  await using server = await startQdrant({ port: 0 });
  const packed = { "content-encoding": "gzip" };
  await request(
    server.url,
    "PUT",
    "/collections/c",
    gzipSync('{"vectors":{"size":2,"distance":"Dot"}}'),
    packed,
  );
  const bomb = gzipSync(Buffer.alloc(40 * 1024 * 1024, " "));

  const good = await request(
    server.url,
    "PUT",
    "/collections/c/points",
    gzipSync('{"points":[{"id":1,"vector":[1,2]}]}'),
    packed,
  );
  const large = await request(server.url, "PUT", "/collections/c/points", bomb, packed);
  const broken = await request(server.url, "PUT", "/collections/c/points", "not gzip", packed);

  assert.deepEqual([good.status, large.status, broken.status], [200, 400, 400]);
  assert.match(large.text, /is larger than allowed \(limit: 33554432 bytes\)/);
});

test("lets an alias win over a collection of its name until the alias is deleted", async () => {
  await using server = await startQdrant({ port: 0 });
  for (const name of ["old", "new"]) {
    await request(server.url, "PUT", `/collections/${name}`, '{"vectors":{}}');
    await request(
      server.url,
      "PUT",
      `/collections/${name}/points`,
      `{"points":[{"id":1,"vector":{},"payload":{"in":"${name}"}}]}`,
    );
  }
  const aliases = (actions: string) =>
    request(server.url, "POST", "/collections/aliases", `{"actions":[${actions}]}`);
  const read = async (name: string) =>
    (await request(server.url, "GET", `/collections/${name}/points/1`)).text;

  await aliases(
    '{"create_alias":{"collection_name":"new","alias_name":"tmp"}},{"rename_alias":{"old_alias_name":"tmp","new_alias_name":"old"}}',
  );
  const during = await read("old");
  await aliases('{"delete_alias":{"alias_name":"old"}}');
  const after = await read("old");
  await aliases(
    '{"create_alias":{"collection_name":"new","alias_name":"tmp"}},{"rename_alias":{"old_alias_name":"tmp","new_alias_name":"old"}}',
  );
  await request(server.url, "DELETE", "/collections/old");

  assert.match(during, /"in":"new"/);
  assert.match(after, /"in":"old"/);
  assert.match(
    await read("old"),
    /"in":"new"/,
    "the hidden collection was deleted, not the alias or its target",
  );
  assert.match((await request(server.url, "GET", "/collections")).text, /\[{"name":"new"}\]/);
});

test("gives each of many parallel writes its own number and loses none", async () => {
  await using server = await startQdrant({ port: 0 });
  await collectionOf(server.url);

  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, id) =>
      request(
        server.url,
        "PUT",
        "/collections/c/points?wait=true",
        `{"points":[{"id":${id},"vector":[${id},1]},{"id":7777,"vector":[${id},1]}]}`,
      ),
    ),
  );

  const numbers = answers.map(({ text }) => Number(/"operation_id":(\d+)/.exec(text)?.[1]));
  assert.deepEqual(
    numbers.sort((a, b) => a - b),
    Array.from({ length: 200 }, (_, at) => at + 1),
  );
  assert.match((await request(server.url, "POST", "/collections/c/points/count", "{}")).text, /"count":201/);
});

test("stops upserts with upsert_max_batchsize 0 and lets deletes and payloads through", async () => {
  await using server = await startQdrant({ port: 0 });
  await collectionOf(server.url);
  const upsert = () =>
    request(server.url, "PUT", "/collections/c/points", '{"points":[{"id":1,"vector":[1,2]}]}');
  const patch = (limits: string) =>
    request(server.url, "PATCH", "/collections/c", `{"strict_mode_config":${limits}}`);
  await upsert();

  await patch('{"enabled":true,"upsert_max_batchsize":0}');
  const refused = await upsert();
  const payload = await request(
    server.url,
    "POST",
    "/collections/c/points/payload",
    '{"payload":{"a":1},"points":[1]}',
  );
  await patch('{"upsert_max_batchsize":null}');
  const stillRefused = await upsert();
  await patch('{"enabled":false}');

  assert.deepEqual(
    [refused.status, payload.status, stillRefused.status, (await upsert()).status],
    [400, 200, 400, 200],
  );
});

test("tells a writer over its rate when to come back, and one that never can to split", async () => {
  await using server = await startQdrant({ port: 0 });
  await collectionOf(
    server.url,
    '{"vectors":{"size":2,"distance":"Dot"},"strict_mode_config":{"enabled":true,"write_rate_limit":1}}',
  );
  const upsert = (...ids: number[]) =>
    request(
      server.url,
      "PUT",
      "/collections/c/points",
      `{"points":[${ids.map((id) => `{"id":${id},"vector":[1,2]}`).join(",")}]}`,
    );

  const answers = [await upsert(1), await upsert(2), await upsert(3, 4)];

  assert.deepEqual(
    answers.map(({ status, headers }) => [status, headers.get("retry-after")]),
    [
      [200, null],
      [429, "60"],
      [429, null],
    ],
  );
});

test("ranks an infinite vector first with score null, as the real server does", async () => {
  await using server = await startQdrant({ port: 0 });
  await collectionOf(server.url, '{"vectors":{"size":2,"distance":"Cosine"}}');
  await request(
    server.url,
    "PUT",
    "/collections/c/points",
    '{"points":[{"id":1,"vector":[1,2]},{"id":2,"vector":[1e39,1]}]}',
  );

  const { text } = await request(server.url, "POST", "/collections/c/points/query", '{"query":[1,2]}');

  assert.match(
    text,
    /"points":\[{"id":2,"version":1,"score":null},{"id":1,"version":1,"score":(?:1\.0|0\.9999999\d*)}\]/,
  );
});

test("samples every point when asked for as many as there are", async () => {
  await using server = await startQdrant({ port: 0 });
  await collectionOf(server.url);
  const points = Array.from({ length: 50 }, (_, id) => `{"id":${id},"vector":[1,2]}`);
  await request(server.url, "PUT", "/collections/c/points", `{"points":[${points.join(",")}]}`);

  const { text } = await request(
    server.url,
    "POST",
    "/collections/c/points/query",
    '{"query":{"sample":"random"},"limit":50}',
  );

  const ids = [...text.matchAll(/"id":(\d+)/g)].map((match) => Number(match[1]));
  assert.deepEqual(
    ids.sort((a, b) => a - b),
    Array.from({ length: 50 }, (_, id) => id),
  );
});

test("remaster qdrant says where it is and that it is a stand-in, and stops with exit code 0", async () => {
  const served = await serve("--port", "0");

  assert.match(served.line, /stand-in.*http:\/\/127\.0\.0\.1:\d+/);
  assert.equal((await request(served.url, "GET", "/readyz")).text, "all shards are ready");
  assert.equal(await end(served, "SIGINT"), 0);
});

test("remaster qdrant ends with exit code 1 and says why when the port is in use", async () => {
  await using server = await startQdrant({ port: 0 });

  await assert.rejects(
    serve("--port", String(server.port)),
    /exit code 1: .*127\.0\.0\.1:\d+: the port is in use/,
  );
});
