import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { startQdrant } from "../../../local/qdrant/server.ts";
import { end, serve } from "./served.ts";

let dataDir: string;
const log = (): string => join(dataDir, "remaster-qdrant.log");

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "built-in-qdrant-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const send = async (url: string, method: string, path: string, body?: unknown): Promise<string> => {
  const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
  const answer = await fetch(url + path, init);
  assert.equal(answer.status, 200, `${method} ${path}`);
  // The time is the one thing that may differ.
  return (await answer.text()).replace(/,"time":.*$/, "");
};

const everything = async (url: string): Promise<string[]> => [
  await send(url, "GET", "/collections/c"),
  await send(url, "GET", "/aliases"),
  await send(url, "POST", "/collections/c/points/scroll", { limit: 1000, with_vector: true }),
];

/** A collection with every kind of vector and every kind of change. */
async function fill(url: string): Promise<void> {
  const vectors = {
    "": { size: 2, distance: "Cosine" },
    rows: { size: 2, distance: "Dot", multivector_config: { comparator: "max_sim" } },
  };
  await send(url, "PUT", "/collections/c", {
    vectors,
    sparse_vectors: { words: {} },
    metadata: { by: "test" },
  });
  await send(url, "PUT", "/collections/c/index", {
    field_name: "n",
    field_schema: { type: "integer", on_disk: true },
  });
  const points = Array.from({ length: 600 }, (_, id) => ({
    id,
    vector: {
      "": [id, 1],
      rows: [
        [1, id],
        [3, 4],
      ],
      words: { indices: [1, 5], values: [id, 0.1] },
    },
    payload: { n: id },
  }));
  await send(url, "PUT", "/collections/c/points", { points });
  await send(url, "POST", "/collections/c/points/delete", { points: [3, 4] });
  await send(url, "POST", "/collections/c/points/payload", { payload: { set: true }, points: [5] });
  await send(url, "POST", "/collections/c/points/vectors/delete", { vector: ["rows"], points: [6] });
  await send(url, "PATCH", "/collections/c", { optimizers_config: { indexing_threshold: 0 } });
  await send(url, "POST", "/collections/aliases", {
    actions: [{ create_alias: { collection_name: "c", alias_name: "a" } }],
  });
  await send(url, "PUT", "/collections/gone", { vectors: {} });
  await send(url, "DELETE", "/collections/gone");
}

test("holds everything after it was closed and opened twice", async () => {
  let before: string[];
  {
    await using server = await startQdrant({ port: 0, dataDir });
    await fill(server.url);
    before = await everything(server.url);
  }

  for (const _ of ["once", "and once more"]) {
    await using server = await startQdrant({ port: 0, dataDir });
    assert.deepEqual(await everything(server.url), before);
  }
});

test("writes its log anew when most of it is history, and holds everything", async () => {
  const payload = { text: "x".repeat(4 * 1024 * 1024) };
  let before: string[];
  {
    await using server = await startQdrant({ port: 0, dataDir });
    await fill(server.url);
    // 100 MiB of history: twenty-five times the same point.
    for (let round = 0; round < 25; round += 1) {
      await send(server.url, "PUT", "/collections/c/points", { points: [{ id: 1, vector: {}, payload }] });
    }
    before = await everything(server.url);
    assert.ok(statSync(log()).size < 64 * 1024 * 1024, "the log was written anew");
  }

  await using server = await startQdrant({ port: 0, dataDir });

  assert.deepEqual(await everything(server.url), before);
});

test("holds every acknowledged write after SIGKILL in the middle of writing", {
  timeout: 60_000,
}, async () => {
  for (let round = 0; round < 2; round += 1) {
    const folder = join(dataDir, String(round));
    const first = await serve("--port", "0", "--data", folder);
    await send(first.url, "PUT", "/collections/c", { vectors: { size: 2, distance: "Dot" } });
    const acknowledged: number[] = [];
    const writing = writeUntilKilled(first.url, acknowledged);
    while (acknowledged.length < 40 * (round + 1)) await new Promise(setImmediate);

    await end(first, "SIGKILL");
    await writing;

    const second = await serve("--port", "0", "--data", folder);
    const found = await send(second.url, "POST", "/collections/c/points", { ids: acknowledged });
    await end(second, "SIGTERM");
    const points = acknowledged.map((id) => `{"id":${id}}`).join(",");
    assert.equal(found, `{"result":[${points}],"status":"ok"`);
  }
});

async function writeUntilKilled(url: string, acknowledged: number[]): Promise<void> {
  // Four writers side by side, so that the kill hits between a write and its answer.
  const writers = Array.from({ length: 4 }, async (_, writer) => {
    for (let id = writer; ; id += 4) {
      await send(url, "PUT", "/collections/c/points?wait=true", { points: [{ id, vector: [id, 1] }] });
      acknowledged.push(id);
    }
  });
  await Promise.allSettled(writers);
}

const damages: readonly (readonly [string, () => void])[] = [
  ["a record of which the end is missing", () => truncateSync(log(), readFileSync(log()).length - 5)],
  [
    "a record of which only the head was written",
    () => appendFileSync(log(), Buffer.from([200, 0, 0, 0, 1, 2])),
  ],
  [
    "a record whose content is not what was written",
    () => appendFileSync(log(), Buffer.from([3, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7])),
  ],
  ["a head that claims more than any record has", () => appendFileSync(log(), Buffer.alloc(40, 255))],
];
for (const [damage, harm] of damages) {
  test(`opens after ${damage} and goes on writing`, async () => {
    {
      await using server = await startQdrant({ port: 0, dataDir });
      await send(server.url, "PUT", "/collections/c", { vectors: { size: 1, distance: "Dot" } });
      await send(server.url, "PUT", "/collections/c/points", { points: [{ id: 1, vector: [1] }] });
      await send(server.url, "PUT", "/collections/last", { vectors: {} });
    }
    harm();

    for (const id of [2, 3]) {
      await using server = await startQdrant({ port: 0, dataDir });
      await send(server.url, "PUT", "/collections/c/points", { points: [{ id, vector: [1] }] });
      const count = await send(server.url, "POST", "/collections/c/points/count", { exact: true });
      assert.match(count, new RegExp(`"count":${id}`));
    }
  });
}

test("refuses a folder that another server uses, and takes over one whose server is gone", async () => {
  await using first = await startQdrant({ port: 0, dataDir });
  await assert.rejects(startQdrant({ port: 0, dataDir }), /cannot use .*process \d+ uses it/);
  await first.close();
  // The number of a process that cannot exist.
  writeFileSync(join(dataDir, "lock"), "99999999 x");

  await using second = await startQdrant({ port: 0, dataDir });

  assert.equal((await fetch(second.url)).status, 200);
});
