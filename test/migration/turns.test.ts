// A prefix that matches more collections than one execution can hold: through the deployed workflow.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULTS } from "../../src/defaults.ts";
import { fakeVector } from "../support/embedder.ts";
import { OLD, StoryMachine } from "../support/machine.ts";

// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const PAYLOAD_BYTES = 262_144;
const HISTORY_EVENTS = 25_000;

const COLLECTIONS = DEFAULTS.collectionsMax + 12;
// As long as names get.
const nameOf = (index: number): string => `whisperengine_memory_${"x".repeat(40)}_${index}`;

async function machineWithCollections(): Promise<StoryMachine> {
  const machine = new StoryMachine();
  for (let index = 0; index < COLLECTIONS; index++) {
    const name = nameOf(index);
    await machine.qdrant.createCollection(name, { vectors: { size: OLD.dimensions, distance: "Cosine" } });
    for (let id = 0; id < 3; id++) {
      const content = `memory ${id} of ${index}`;
      machine.qdrant.put(name, String(id), { content }, JSON.stringify([...fakeVector(OLD, content)]));
    }
  }
  return machine;
}

/** Largest payload of a call, and an upper bound of the history: nine events a call, and four more a Map. */
function measured(machine: StoryMachine): { readonly largest: () => number; readonly events: () => number } {
  let [largest, events] = [0, 0];
  machine.beforeCall = (_name, event) => {
    largest = Math.max(largest, JSON.stringify(event).length);
    events += 9 + 4;
  };
  return { largest: () => largest, events: () => events };
}

const INPUT = { action: "migrate", collection: "whisperengine_memory_*", sourceModel: "old" };

test("a run of a long prefix keeps within the service's limits, and repeating it gets to every collection", async () => {
  const machine = await machineWithCollections();
  const { largest, events } = measured(machine);

  const first = await machine.run(INPUT);

  assert.equal(first.cause, "");
  assert.equal(first.outcomes.length, DEFAULTS.collectionsMax);
  assert.ok(largest() < PAYLOAD_BYTES / 2, `a payload of ${largest()} bytes`);
  assert.ok(events() < HISTORY_EVENTS, `${events()} events`);
  assert.match(JSON.stringify(first.output), /start the same input again for the others/);

  const second = await machine.run(INPUT);

  const ready = [...first.outcomes, ...second.outcomes].filter(({ status }) => status === "READY");
  assert.equal(new Set(ready.map(({ collection }) => collection)).size, COLLECTIONS);
});

test("a dry run of a long prefix says each collection's forecast where its whole plan would not fit", async () => {
  const machine = await machineWithCollections();

  const ended = await machine.run({ ...INPUT, dryRun: true });

  assert.ok(JSON.stringify(ended.output).length < PAYLOAD_BYTES, "the output does not fit");
  const [first] = ended.outcomes;
  assert.equal(first?.status, "PLANNED");
  assert.equal(first?.plan, null);
  assert.match(first?.says ?? "", /3 points to .*MiB more memory/);
});

test("status and inspect of a long prefix fit into one answer", async () => {
  const machine = await machineWithCollections();

  for (const action of ["inspect", "status"]) {
    const ended = await machine.run({ action, collection: "whisperengine_memory_*" });

    assert.equal(ended.status, "SUCCEEDED");
    assert.ok(JSON.stringify(ended.output).length < PAYLOAD_BYTES, `${action} does not fit`);
  }
});
