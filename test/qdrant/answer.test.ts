import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { errorOf, TooLargeError } from "../../src/qdrant/answer.ts";
import { COMPLETED, failed, openAgainst, point } from "../support/adapter.ts";
import { sharedPath } from "../support/shared.ts";

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

const recordings = sharedPath("qdrant-recordings");

test("every failure a real server was recorded with has its class", {
  skip: recordings === null && "SKIPPED: ../shared/qdrant-recordings is not here",
}, async () => {
  const classes = new Map<string, string>();
  const files = [
    "04-points",
    "05-scroll",
    "08-strict-mode",
    "09-snapshots-and-limits",
    "10-auth",
    "13-cluster",
    "16-jwt",
  ];
  for (const file of files) {
    const { exchanges } = JSON.parse(readFileSync(`${recordings}/${file}.json`, "utf8"));
    for (const { response } of exchanges) {
      if (response.status < 400) continue;
      const retryAfter = response.headers["retry-after"] ?? null;
      const error = errorOf("try", { status: response.status, text: response.body_raw ?? "", retryAfter });
      const kind = error instanceof TooLargeError ? "split" : error.name;
      const status = `${response.status}${response.status === 429 ? ` ${retryAfter === null ? "without" : "with"} Retry-After` : ""}`;
      classes.set(`${status} ${kind}`, kind);
    }
  }

  assert.deepEqual([...classes.keys()].sort(), [
    "400 PermanentError",
    "400 split",
    "401 RefusedError",
    "403 RefusedError",
    "404 PermanentError",
    "405 PermanentError",
    "409 PermanentError",
    "422 PermanentError",
    "429 with Retry-After TransientError",
    "429 without Retry-After split",
    "500 TransientError",
    "507 TransientError",
  ]);
});
