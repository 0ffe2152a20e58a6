import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULTS } from "../../src/defaults.ts";
import { openAgainst } from "../support/adapter.ts";

const MOVE = [{ create_alias: { collection_name: "new", alias_name: "live" } }];

test("aliases are changed again after a dead socket, when what allowed it still does", async () => {
  let isAllowed = true;
  const { server, qdrant } = await openAgainst((_, index) => (index % 2 === 0 ? { cut: true } : {}));
  await using _ = server;
  const beforeRepeat = async (): Promise<void> => {
    if (!isAllowed) throw new RangeError("the swap is over");
  };

  await qdrant.changeAliases(MOVE, { beforeRepeat });
  assert.equal(server.asked.length, 2);

  isAllowed = false;
  await assert.rejects(qdrant.changeAliases(MOVE, { beforeRepeat }), /the swap is over/);
  assert.equal(server.asked.length, 3);
});

test("a change of aliases that is not answered is given up before the next swap can be made", async () => {
  const { server, qdrant } = await openAgainst(() => ({ hang: true }));
  await using _ = server;
  const began = performance.now();

  await assert.rejects(qdrant.changeAliases(MOVE), { name: "TransientError" });

  assert.ok(performance.now() - began < DEFAULTS.drainSeconds * 1000);
});

test("a deletion of a collection asks before it is repeated", async () => {
  const { server, qdrant } = await openAgainst(() => ({ cut: true }));
  await using _ = server;
  const beforeRepeat = async (): Promise<void> => {
    throw new RangeError("readers have gone back");
  };

  await assert.rejects(qdrant.deleteCollection("old", { beforeRepeat }), /readers have gone back/);

  assert.equal(server.asked.filter(({ method }) => method === "DELETE").length, 1);
});

test("aliases are not changed when the server does not say so", async () => {
  const { server, qdrant } = await openAgainst(() => ({ body: '{"result":false,"status":"ok"}' }));
  await using _ = server;

  await assert.rejects(qdrant.changeAliases(MOVE), /did not say that it did/);
});
