// Memories are private: marked texts are planted wherever a text may stand, a migration is run with every kind of
// failure, and nothing that leaves Qdrant and the workers' memory may hold a mark.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PermanentError } from "../../src/migration/errors.ts";
import { readReport } from "../../src/migration/readReport.ts";
import { renderReport } from "../../src/report/html.ts";
import { renderSummary } from "../../src/report/text.ts";
import { machineWithMemories } from "../support/machine.ts";

const CANARY = "CANARY-5f1c";
const MIGRATE = { action: "migrate", collection: "chat", sourceModel: "old", pageSizePoints: 5 };

/** A machine whose memories all carry the mark, and everything it sends, stores, logs and answers, kept as text. */
async function watchedMachine() {
  const machine = await machineWithMemories(30);
  const seen: string[] = [];
  for (const [id, point] of machine.qdrant.points("chat_4d")) {
    const payload = {
      ...JSON.parse(point.payload),
      content: `${CANARY} memory ${id}`,
      [`key-${id}`]: CANARY,
    };
    machine.qdrant.put("chat_4d", id, payload, point.vectors ?? "{}");
  }
  machine.qdrant.put("chat_4d", "900", { content: `UNEMBEDDABLE ${CANARY}` });
  machine.qdrant.put("chat_4d", "901", { content: "", note: CANARY });
  machine.beforeCall = (name, event) => void seen.push(`call ${name} ${JSON.stringify(event)}`);
  const send = machine.queue.send.bind(machine.queue);
  machine.queue.send = async (messages) => {
    seen.push(...messages);
    await send(messages);
  };
  return { machine, seen };
}

function assertSilent(where: string, texts: readonly string[]): void {
  assert.ok(texts.length > 0, `${where}: nothing was seen`);
  for (const text of texts) assert.ok(!text.includes(CANARY), `${where}: ${text.slice(0, 300)}`);
}

test("no message, ledger object, workflow state, log line or report holds a text of a memory", async () => {
  const { machine, seen } = await watchedMachine();
  // The server refuses one point, and quotes it, as a real one may.
  const upsert = machine.qdrant.upsert.bind(machine.qdrant);
  machine.qdrant.upsert = async (name, points) => {
    if (name === "chat_8d" && points.some(({ id }) => id === "7"))
      throw new PermanentError("refused", { fields: { status: 400 }, cause: new Error(`${CANARY} quoted`) });
    return upsert(name, points);
  };

  const ended = await machine.run(MIGRATE);
  await machine.live([
    { v: 1, op: "put", collection: "chat", points: [{ id: 950, payload: { content: `${CANARY} put` } }] },
    {
      v: 1,
      op: "put",
      collection: "chat",
      points: [{ id: 951, payload: { content: `UNEMBEDDABLE ${CANARY}` } }],
    },
    { v: 1, op: "put", collection: "nowhere", points: [{ id: 952, payload: { content: CANARY } }] },
    { v: 1, op: CANARY, collection: "chat" },
  ]);
  await machine.run({ action: "cutover", collection: "chat", override: { by: "test", why: "to go on" } });
  await machine.run({ action: "rollback", collection: "chat", override: { by: "test", why: "to go on" } });

  assert.equal(ended.outcomes[0]?.status, "NOT_READY");
  assertSilent("workflow and queue", seen);
  assertSilent("outcomes", [JSON.stringify(ended)]);
  assertSilent(
    "ledger",
    [...machine.ledger.objects].map(([key, { body }]) => `${key} ${body}`),
  );
  assertSilent("log", machine.log);
  const report = await readReport(machine.ledger, { now: () => 0 }, ended.outcomes[0]?.migration ?? "");
  assertSilent("report", [JSON.stringify(report), renderReport(report), renderSummary(report)]);
});

test("an inspection names payload keys and their shares, never their values", async () => {
  const { machine } = await watchedMachine();

  const ended = await machine.run({ action: "inspect", collection: "chat" });

  assertSilent("inspection", [JSON.stringify(ended)]);
});
