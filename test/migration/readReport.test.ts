import assert from "node:assert/strict";
import { test } from "node:test";
import { planKey } from "../../src/migration/keys.ts";
import type { Plan } from "../../src/migration/plan.ts";
import { readReport } from "../../src/migration/readReport.ts";
import { serverSpace } from "../../src/migration/serverSpace.ts";
import { readStatus } from "../../src/migration/status.ts";
import { renderReport } from "../../src/report/html.ts";
import { sampleQuality } from "../report/sampleReport.ts";
import { act, MIGRATE_BRIDGE } from "../support/bridge.ts";
import { machineWithMemories, type StoryMachine } from "../support/machine.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

async function reportOf(machine: StoryMachine) {
  const clock = { now: () => machine.now };
  const { migration } = await readStatus(machine.ledger, clock, "chat_4d");
  return readReport(machine.ledger, clock, migration ?? assert.fail("no migration"));
}

test("the report of a bridge says what is kept, and at the end how the old vector is dropped", async () => {
  const machine = await machineWithMemories(20);
  await machine.run(MIGRATE_BRIDGE);

  const ready = await reportOf(machine);
  await act(machine, "cutover");
  await act(machine, "cleanup", { confirm: "chat_4d" });
  const cleaned = await reportOf(machine);

  assert.equal(ready.layout, "bridge");
  assert.equal(ready.keptVector, "");
  assert.match(renderReport(ready), /A bridge: chat_8d keeps the unnamed old vector/);
  assert.deepEqual(ready.next?.input, { action: "cutover", collection: "chat_4d" });
  const drop = cleaned.next ?? assert.fail("nothing is next");
  assert.match(drop.command, /cleanup --collection chat --drop-old-vector --confirm chat_8d/);
  const dropped = await machine.run(drop.input);
  assert.equal(dropped.cause, "");
});

test("the searches that changed most stand side by side, by ids and without any text", async () => {
  const machine = await machineWithMemories(40);
  const { layout: _, ...replace } = MIGRATE_BRIDGE;
  await machine.run(replace);
  // Memories of the story are too few words to make queries of: the gate's verdict is given some.
  const [key] = [...machine.ledger.objects.keys()].filter((one) => one.includes("/verify/"));
  const gate = machine.ledger.objects.get(key ?? "") ?? assert.fail("no verdict");
  const stored = JSON.parse(gate.body);
  stored.assessment.search = { quality: sampleQuality(), thresholds: null };
  await machine.ledger.replace(key ?? "", JSON.stringify(stored), gate.version);

  const report = await reportOf(machine);

  const searches = report.searches ?? [];
  assert.equal(searches.length, report.quality?.mostChanged.length);
  assert.ok(searches.length > 0);
  const answers = searches.flatMap((search) => [...search.old, ...search.new]);
  assert.ok(answers.length > 0 && answers.every(({ text }) => text === null));
  const page = renderReport(report);
  assert.match(page, /The same searches, before and after.*holds no text of memories/s);
  assert.doesNotMatch(page, /memory number/);
});

test("memory and disk of the forecast are graded by what came over", async () => {
  const machine = await machineWithMemories(40);
  machine.qdrant.put("chat_4d", "901", { content: "" });
  const { layout: _, ...replace } = MIGRATE_BRIDGE;
  await machine.run(replace);
  const { migration } = await reportOf(machine);
  const key = planKey(migration);
  const stored = (await machine.ledger.read(key)) ?? assert.fail("no plan");
  const plan: Mutable<Plan> = JSON.parse(stored.body);
  // Vectors so long that 40 of them are counted in MiB; the forecast was made for half of that.
  plan.create = { ...plan.create, vectors: { size: 1_000_000, distance: "Cosine" } };
  plan.target = { ...plan.target, vectorName: "" };
  const sizes = { payloadBytes: 0, otherBytes: 0 };
  const space = serverSpace(plan.create, { points: 20, embedded: 20, newVector: "", ...sizes });
  plan.forecast = { ...plan.forecast, space, sizes };
  await machine.ledger.replace(key, JSON.stringify(plan), stored.version);

  const report = await reportOf(machine);

  const [memory, disk] = (report.forecast ?? []).filter(({ unit }) => unit === "MiB");
  // 40 vectors of a million float32 numbers and half as much again; the point without text has none.
  const vectors = (40 * 1_000_000 * 4) / 2 ** 20;
  assert.ok(Math.abs((memory?.actual ?? 0) - 1.5 * vectors) < 0.1, `${memory?.actual}`);
  assert.ok(Math.abs((disk?.actual ?? 0) - 2 * (vectors + 32)) < 0.1, `${disk?.actual}`);
  assert.ok((memory?.forecast.high ?? 1e9) < (memory?.actual ?? 0));
  assert.match(renderReport(report), /Qdrant&#39;s memory.*229 MiB.*too low/s);
});

test("what the server needs is not known while the load goes on", async () => {
  const machine = await machineWithMemories(40);
  machine.beforeCall = (name) => {
    if (name === "progress") throw new Error("killed");
  };
  const { layout: _, ...replace } = MIGRATE_BRIDGE;
  assert.notEqual((await machine.run(replace)).error, "");

  const { forecast } = await reportOf(machine);

  assert.deepEqual(
    (forecast ?? []).filter(({ unit }) => unit === "MiB").map(({ actual }) => actual),
    [null, null],
  );
});

test("the forecast's dollars are graded by the work done, and the cost is no more than its parts", async () => {
  const machine = await machineWithMemories(40);
  const { layout: _, ...replace } = MIGRATE_BRIDGE;
  await machine.run(replace);

  const { forecast, cost, layout, keptVector } = await reportOf(machine);

  const dollars = forecast?.find(({ unit }) => unit === "USD");
  const spent = (cost ?? []).reduce((sum, { usd }) => sum + usd, 0);
  assert.ok(spent > 0);
  assert.ok(Math.abs((dollars?.actual ?? 0) - spent) < 1e-9, `${dollars?.actual} and ${spent}`);
  assert.ok((dollars?.forecast.low ?? 1) < (dollars?.forecast.high ?? 0));
  assert.deepEqual([layout, keptVector], ["replace", null]);
});
