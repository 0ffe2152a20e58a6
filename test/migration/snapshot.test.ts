import assert from "node:assert/strict";
import { test } from "node:test";
import { openAgainst } from "../support/adapter.ts";
import { killedAtEveryCall } from "../support/kills.ts";
import { machineWithMemories, OLD, type StoryMachine } from "../support/machine.ts";

const CLEANUP = { action: "cleanup", collection: "chat", confirm: "chat_4d", snapshot: true };

async function cutOver(): Promise<StoryMachine> {
  const machine = await machineWithMemories(6);
  await machine.run({ action: "migrate", collection: "chat", sourceModel: "old" });
  await machine.run({ action: "cutover", collection: "chat" });
  return machine;
}

/** The server finishes its snapshot when it is looked at for the `looks`th time. */
function finishAfter({ qdrant }: StoryMachine, looks: number): void {
  let looked = 0;
  qdrant.before = (call) => {
    if (call === "snapshots" && ++looked >= looks) qdrant.finishSnapshot();
  };
}

test("a cleanup with snapshot waits until the server lists it, and only then deletes", async () => {
  const machine = await cutOver();
  let wasThere = false;
  finishAfter(machine, 4);
  const deleteCollection = machine.qdrant.deleteCollection.bind(machine.qdrant);
  machine.qdrant.deleteCollection = async (name) => {
    wasThere = (machine.qdrant.snapshotsOf.get("chat_4d") ?? []).length === 1;
    await deleteCollection(name);
  };

  const ended = await machine.run(CLEANUP);

  assert.equal(ended.outcomes[0]?.status, "CLEANED", ended.cause);
  assert.equal(wasThere, true);
  assert.match(ended.outcomes[0]?.says ?? "", /chat_4d-1-0\.snapshot \(0\.1 MiB, sha256 5b6a\)/);
  assert.equal(machine.qdrant.stored.has("chat_4d"), false);
});

test("an older snapshot does not pass for the one that was asked for", async () => {
  const machine = await cutOver();
  machine.qdrant.snapshotsOf.set("chat_4d", [{ name: "chat_4d-old", sizeBytes: 1, checksum: null }]);
  finishAfter(machine, 3);

  const ended = await machine.run(CLEANUP);

  assert.match(ended.outcomes[0]?.says ?? "", /chat_4d-1-1\.snapshot/);
});

test("nothing is deleted where a snapshot would hold one node's part", async () => {
  const machine = await cutOver();
  machine.qdrant.remoteShardCount = 2;

  const refused = await machine.run(CLEANUP);

  assert.equal(refused.outcomes[0]?.status, "REFUSED");
  assert.match(refused.outcomes[0]?.says ?? "", /2 of its shards are on other nodes.*backup/);
  assert.equal(machine.qdrant.stored.has("chat_4d"), true);
});

test("the collection behind a name that was taken over is the one whose snapshot is taken", async () => {
  const machine = await machineWithMemories(6, OLD, { collection: "chat", alias: null });
  await machine.run({ action: "migrate", collection: "chat", sourceModel: "old", takeOverName: true });
  await machine.run({ action: "cutover", collection: "chat" });
  finishAfter(machine, 2);

  const ended = await machine.run({ ...CLEANUP, confirm: "chat" });

  assert.equal(ended.outcomes[0]?.status, "CLEANED", ended.cause);
  assert.deepEqual([...machine.qdrant.snapshotsOf.keys()], ["chat"]);
});

test("a request whose answer was lost is sent again, and the first new snapshot is enough", async () => {
  const machine = await cutOver();
  const { qdrant } = machine;
  let isLost = false;
  qdrant.after = (call) => {
    if (call !== "askForSnapshot" || isLost) return;
    isLost = true;
    throw Object.assign(new Error("no answer"), { name: "PermanentError" });
  };
  assert.equal((await machine.run(CLEANUP)).outcomes[0]?.status, "FAILED");
  finishAfter(machine, 1);

  assert.equal((await machine.run(CLEANUP)).outcomes[0]?.status, "CLEANED");
});

test("killed before any call of a cleanup with snapshot, started again: one snapshot, and then it is gone", () =>
  killedAtEveryCall(
    async () => {
      const machine = await cutOver();
      finishAfter(machine, 2);
      return machine;
    },
    (machine) => machine.run(CLEANUP),
    async (machine, when) => {
      await machine.run(CLEANUP);

      assert.equal(machine.qdrant.stored.has("chat_4d"), false, when);
      assert.equal(machine.qdrant.snapshotsOf.get("chat_4d")?.length, 1, when);
    },
  ));

// Answers of a Qdrant 1.19.
const LISTED =
  '{"result":[{"name":"sn-1.snapshot","creation_time":"2026-11-23T18:34:24","size":64512,"checksum":"5b6a"}],"status":"ok","time":0.0001}';
const SHARDS =
  '{"result":{"peer_id":1,"shard_count":3,"local_shards":[],"remote_shards":[{"shard_id":0,"peer_id":2,"state":"Active"}],"shard_transfers":[]},"status":"ok","time":0.0003}';

test("snapshots are asked for, listed and counted as the server answers", async () => {
  const asked: string[] = [];
  const { server, qdrant } = await openAgainst((request) => {
    asked.push(`${request.method} ${request.path}`);
    if (request.path.endsWith("/cluster")) return { body: SHARDS };
    return request.method === "POST"
      ? { status: 202, body: '{"status":"accepted","time":0.000016283}' }
      : { body: LISTED };
  });
  await using _ = server;

  await qdrant.askForSnapshot("sn");

  assert.deepEqual(await qdrant.snapshots("sn"), [
    { name: "sn-1.snapshot", sizeBytes: 64_512, checksum: "5b6a" },
  ]);
  assert.equal(await qdrant.remoteShards("sn"), 1);
  assert.deepEqual(asked, [
    "POST /collections/sn/snapshots?wait=false",
    "GET /collections/sn/snapshots",
    "GET /collections/sn/cluster",
  ]);
});

test("a server that knows no snapshots is said at once and nothing is repeated", async () => {
  const { server, qdrant } = await openAgainst(() => ({ status: 501, body: '{"status":{"error":"no"}}' }));
  await using _ = server;

  await assert.rejects(qdrant.remoteShards("c"), { name: "RefusedError", message: /knows no snapshots/ });
});
