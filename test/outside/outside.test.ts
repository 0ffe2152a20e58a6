import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

const folder = mkdtempSync(join(tmpdir(), "remaster-outside-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const addressOf = (path: string) => pathToFileURL(join(import.meta.dirname, "../..", path)).href;
const outside = addressOf("src/outside.ts");

/** Runs code with `here = openOutside()` in a process that has only these variables; gives what it printed. */
function runWith(environment: Readonly<Record<string, string>>, code: string): string {
  const program = `import { openOutside } from ${JSON.stringify(outside)};
    const here = openOutside();
    ${code}`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--eval", program], {
    env: environment,
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  return stdout;
}

test("a port is opened once a process", () => {
  const code = `console.log(here.ledger() === here.ledger(), openOutside() === here, here.concurrency());`;

  const printed = runWith({ REMASTER_LEDGER_URL: `file://${folder}`, REMASTER_CONCURRENCY: "3" }, code);

  assert.equal(printed, "true true 3\n");
});

test("the ledger that the address names is read and written", () => {
  const code = `const ledger = here.ledger();
    const created = await ledger.create("a/b.json", "{}");
    const keys = [];
    for await (const key of ledger.list("a/")) keys.push(key);
    const found = await ledger.read("a/b.json");
    const replaced = await ledger.replace("a/b.json", "[]", found.version);
    console.log(JSON.stringify([created, keys, found.body, replaced]));`;

  const printed = runWith({ REMASTER_LEDGER_URL: `file://${folder}` }, code);

  assert.deepEqual(JSON.parse(printed), [true, ["a/b.json"], "{}", true]);
});

test("a port whose setting is absent says which, when it is asked for", () => {
  const code = `for (const port of ["qdrant", "ledger", "queue", "executions", "concurrency"])
      try { here[port](); } catch ({ name, message }) { console.log(name, message.split(" ")[0]); }`;

  const printed = runWith({}, code);

  assert.deepEqual(printed.trim().split("\n"), [
    "ConfigError QDRANT_URL",
    "ConfigError REMASTER_LEDGER_URL",
    "ConfigError REMASTER_PAGES_QUEUE_URL",
    "ConfigError REMASTER_EXECUTIONS",
    "ConfigError REMASTER_CONCURRENCY",
  ]);
});

test("a function that asks for no model and no AWS loads neither", () => {
  const code = `const { createRequire } = await import("node:module");
    here.models(); here.ledger(); await here.executions().isOpen("process-1-0-x");
    const native = Object.keys(createRequire(import.meta.url).cache);
    const loaded = [...native, ...process.moduleLoadList, ...process.report.getReport().sharedObjects];
    console.log(loaded.filter((name) => /onnx|aws-sdk/.test(name)).length);`;

  const printed = runWith({ REMASTER_LEDGER_URL: `file://${folder}`, REMASTER_EXECUTIONS: "process:" }, code);

  assert.equal(printed, "0\n");
});

/** Code that imports the handler and then sees a call; `threads` are those that live. */
const withHandler = (name: string, code: string) => `
    const { handler } = await import(${JSON.stringify(addressOf(`functions/${name}/handler.ts`))});
    const { setImmediate: turn } = await import("node:timers/promises");
    const threads = () => process.report.getReport().workers.length;
    const call = { getRemainingTimeInMillis: () => 60_000 };
    ${code}`;

for (const name of ["embedder", "live", "query"]) {
  test(`${name} loads its model while it initialises, without waiting, once`, () => {
    const code = withHandler(
      name,
      `const atImport = process.report.getReport().sharedObjects.filter((name) => /onnx/.test(name)).length;
      while (threads() < 2) await turn();
      await Promise.all([here.models().open(null), here.models().open("STATIC-384-8K")]);
      console.log(atImport, threads());`,
    );

    const printed = runWith({ EMBEDDING_MODEL: "static-384-8k" }, code);

    assert.equal(printed, "0 2\n");
  });

  test(`${name} loads no model ahead when the deployment names none`, () => {
    const code = withHandler(
      name,
      `for (let turns = 0; turns < 1000; turns++) await turn(); console.log(threads());`,
    );

    assert.equal(runWith({}, code), "0\n");
  });
}

test("a model that cannot be loaded fails the call that needs it, not the process", () => {
  const code = withHandler(
    "embedder",
    `for (let turns = 0; turns < 1000; turns++) await turn();
    for (let time = 0; time < 2; time++)
      await here.models().open(null).catch(({ name, message }) => console.log(name, message.slice(0, 24)));`,
  );

  const printed = runWith({ EMBEDDING_MODEL: "word2vec" }, code);

  assert.equal(printed, 'ConfigError Model "word2vec" is unkn\n'.repeat(2));
});

test("settings that are wrong fail a function's call, not its start", () => {
  const program = `
    const { handler } = await import(${JSON.stringify(addressOf("functions/embedder/handler.ts"))});
    await handler({ Records: [] }, {}).catch(({ name }) => console.log(name));`;

  const { stdout, stderr } = spawnSync(process.execPath, ["--eval", program], {
    env: { EMBEDDING_DIMENSIONS: "many" },
    encoding: "utf8",
  });

  assert.equal(stderr, "");
  assert.equal(stdout, "ConfigError\n");
});

test("a key that would cross a network in plain sight is said in the log, once, without the key", () => {
  // An address of this machine that is not one of the loopback names.
  const environment = { QDRANT_URL: "http://0.0.0.0:1", QDRANT_API_KEY: "secret-1" };
  const code = `for (let time = 0; time < 2; time++) await here.qdrant().count("memories").catch(() => {});`;

  const lines = runWith(environment, code).trimEnd().split("\n");

  assert.equal(lines.length, 1);
  assert.equal(JSON.parse(lines[0] ?? "").event, "qdrant-key-unencrypted");
  assert.doesNotMatch(lines[0] ?? "", /secret-1/);
});
