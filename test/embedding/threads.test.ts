import assert from "node:assert/strict";
import { test } from "node:test";
import type { Worker } from "node:worker_threads";
import { type ModelOptions, openModels } from "../../src/embedding/open.ts";
import { copyModel } from "../support/model-copy.ts";

const BUILT_IN: ModelOptions = {
  modelDir: null,
  defaultModel: "static-384-8k",
  dimensions: null,
  threads: 1,
};

/** Threads in the order they started. */
const threads: Worker[] = [];
process.on("worker", (worker) => threads.push(worker));

// Tokenizing it takes longer than it takes a thread to end: it is under way when one does.
const LONG_TEXT = "a text under way ".repeat(100_000);

const isGone = ({ threadId }: Worker) => threadId === -1;

for (const [title, at] of [
  ["tokenizer", -2],
  ["model", -1],
] as const)
  test(`a ${title} whose thread died is loaded again by whoever opens it next, once`, async () => {
    const models = openModels(BUILT_IN);
    const before = await models.open(null);
    const started = threads.length;
    const [one, other] = [threads.at(at), threads.at(-3 - at)];
    assert.ok(one && other);

    const underWay = before.embed([LONG_TEXT], "passage");
    await Promise.all([assert.rejects(underWay, { name: "TransientError" }), one.terminate()]);
    const [after, again] = await Promise.all([models.open(null), models.open(null)]);
    const [outcome] = await after.embed(["a text after it"], "passage");

    assert.ok(outcome?.ok);
    assert.equal(after, again);
    assert.equal(threads.length, started + 2);
    assert.ok(isGone(other), "the thread that was left is ended too");
  });

test("a model that is refused leaves no thread behind", async (t) => {
  const copy = copyModel(t);
  copy.configure({ pooling: "cls" });
  copy.sign();
  const models = openModels({ ...BUILT_IN, modelDir: copy.modelDir });
  const started = threads.length;

  for (let time = 0; time < 3; time++)
    await assert.rejects(models.open("copied"), { name: "ConfigError", message: /refuses to start/ });

  assert.equal(threads.length, started + 6);
  assert.ok(threads.slice(started).every(isGone));
});
