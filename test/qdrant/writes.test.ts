import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULTS } from "../../src/defaults.ts";
import { permissionOf } from "../../src/qdrant/permission.ts";
import { Transport } from "../../src/qdrant/transport.ts";
import { COMPLETED, failed, openAgainst } from "../support/adapter.ts";
import { startAnswers } from "../support/answers.ts";

test("the drain of a swap is longer than any permission and the longest write together", () => {
  const usedWithinSeconds = 1;
  const { guardSecondsMax, writeSecondsMax, drainSeconds } = DEFAULTS;

  assert.ok(drainSeconds >= guardSecondsMax + usedWithinSeconds + writeSecondsMax + 2);
  assert.equal(permissionOf({ beforeRepeat: async () => {} }).ask.timeoutMs, writeSecondsMax * 1000);
});

const POINT = { id: "1", payload: "{}", vectors: "[1]" };

for (const [name, write] of Object.entries({
  upsert: (qdrant, options) => qdrant.upsert("c", [POINT], options),
  delete: (qdrant, options) => qdrant.delete("c", ["1"], options),
  updateVectors: (qdrant, options) => qdrant.updateVectors("c", [POINT], options),
  deleteVector: (qdrant, options) => qdrant.deleteVector("c", "", ["1"], options),
} satisfies Record<
  string,
  (
    qdrant: Awaited<ReturnType<typeof openAgainst>>["qdrant"],
    options: { beforeRepeat: () => Promise<void> },
  ) => Promise<void>
>)) {
  const isWrite = ({ method, path }: { method: string; path: string }) =>
    method !== "GET" && path.includes("/points");

  test(`${name}: what allowed it is asked before it is sent again after a wait, and not before the first time`, async () => {
    let [writes, looks] = [0, 0];
    const { server, qdrant } = await openAgainst((asked) =>
      isWrite(asked) && ++writes <= 2
        ? { ...failed(429, "slow down"), headers: { "retry-after": "1" } }
        : { body: COMPLETED },
    );
    await using _ = server;

    await write(qdrant, { beforeRepeat: async () => void looks++ });

    assert.equal(writes, 3);
    assert.equal(looks, 2);
  });

  test(`${name}: a permission that is over ends it without another request`, async () => {
    const { server, qdrant } = await openAgainst((asked) =>
      isWrite(asked)
        ? { ...failed(429, "slow down"), headers: { "retry-after": "1" } }
        : { body: '{"result":{"config":{}}}' },
    );
    await using _ = server;
    const beforeRepeat = async (): Promise<void> => {
      throw new RangeError("the swap has begun");
    };

    await assert.rejects(write(qdrant, { beforeRepeat }), { message: "the swap has begun" });

    assert.equal(server.asked.filter(isWrite).length, 1);
  });
}

test("a permission older than a second is asked for again, by the time of the question", async () => {
  let now = 0;
  const looks: number[] = [];
  const beforeRepeat = async (): Promise<void> => {
    looks.push(now);
    now += 900;
  };
  const permission = permissionOf({ beforeRepeat }, () => now);

  await permission.renew();
  now = 1001;
  await permission.renew();
  await permission.renew();
  now = 2002;
  await permission.renew();

  assert.deepEqual(looks, [1001, 2002]);
});

test("a guarded write that is not answered in time is given up and sent again only after another look", async () => {
  let asked = 0;
  const server = await startAnswers(() => (++asked === 1 ? { hang: true } : { body: COMPLETED }));
  await using _ = server;
  const transport = new Transport({
    base: new URL(server.url),
    apiKey: async () => null,
    sleep: async () => {},
    random: () => 0,
    now: () => 0,
  });
  const looks: number[] = [];
  const ask = { method: "PUT", path: "/points", body: "{}", what: "write", timeoutMs: 50 } as const;

  await transport.ask({ ...ask, beforeRepeat: async () => void looks.push(asked) });
  assert.deepEqual(looks, [1]);

  asked = 0;
  await assert.rejects(transport.ask(ask), {
    name: "TransientError",
    message: /did not answer within 0.05 s/,
  });
});
