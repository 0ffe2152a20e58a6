import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { openFolderLedger } from "../../src/ledger/folder.ts";
import { compareKeys, decodeKey, encodeKey } from "../../src/ledger/names.ts";
import { keysOf, testLedger } from "./behaviour.ts";

const root = mkdtempSync(join(tmpdir(), "remaster-ledger-"));
after(() => rmSync(root, { recursive: true, force: true }));

const newFolder = (): string => mkdtempSync(join(root, "ledger-"));
const writer = join(import.meta.dirname, "writer.ts");

testLedger("A folder", async () => openFolderLedger(newFolder()));

test("every key has a file name of its own that any file system takes", () => {
  const key = fc.array(fc.string({ unit: "grapheme", maxLength: 300 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(key, (segments) => {
      const path = encodeKey(segments.join("/"));

      assert.equal(decodeKey(path), segments.join("/"));
      assert.equal(path, path.toLowerCase());
      for (const name of path.split("/")) assert.match(name, /^[a-z0-9_%-][a-z0-9._%-]{0,120}$/);
    }),
  );
});

test("a list is in the order of the keys' bytes and begins after the given key", async () => {
  const keys = fc.uniqueArray(
    fc.string({ unit: fc.constantFrom("a", "B", "/", "-", ".", "0", "é"), minLength: 1, maxLength: 6 }),
  );
  await fc.assert(
    fc.asyncProperty(keys, fc.string({ maxLength: 3 }), async (drawn, after) => {
      const ledger = openFolderLedger(newFolder());
      const created = drawn.map((key) => `${key}.json`);
      for (const key of created) await ledger.create(key, "{}");

      const listed = await keysOf(ledger, "", after);

      assert.deepEqual(listed, created.filter((key) => compareKeys(key, after) > 0).sort(compareKeys));
    }),
    { numRuns: 25 },
  );
});

test("four processes that add to one object lose no increment", async () => {
  const folder = newFolder();
  const ledger = openFolderLedger(folder);
  await ledger.create("count.json", "0");

  const children = Array.from({ length: 4 }, () => fork(writer, ["count", folder, "50"]));
  await Promise.all(children.map((child) => once(child, "exit")));

  assert.deepEqual(
    children.map(({ exitCode }) => exitCode),
    [0, 0, 0, 0],
  );
  assert.equal((await ledger.read("count.json"))?.body, "200");
});

test("a writer that is killed leaves whole objects only, and nobody waits for it", async () => {
  const folder = newFolder();
  const ledger = openFolderLedger(folder);
  for (let round = 0; round < 5; round++) {
    const child = fork(writer, ["fill", folder, String(round)]);
    // It says so after its tenth write and goes on writing.
    await once(child, "message");
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  let found = 0;
  for await (const key of ledger.list("")) {
    const object = await ledger.read(key);
    assert.equal(object?.body.length, 100_000, key);
    assert.equal(await ledger.replace(key, "short", object.version), true);
    found++;
  }
  assert.ok(found >= 5);
});

test("old versions of an object do not pile up", async () => {
  const folder = newFolder();
  const ledger = openFolderLedger(folder);
  await ledger.create("a.json", "0");
  for (let round = 0; round < 100; round++) {
    const version = (await ledger.read("a.json"))?.version ?? "";
    await ledger.replace("a.json", String(round), version);
  }

  const kept = readdirSync(join(folder, "a.json~")).map(Number);
  assert.equal(Math.max(...kept), 101);
  assert.ok(kept.length <= 70, `${kept.length} versions`);
});
