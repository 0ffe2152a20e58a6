// What every ledger promises, whatever keeps it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ledger } from "../../src/migration/ports.ts";

export async function keysOf(ledger: Ledger, prefix: string, after?: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of ledger.list(prefix, after)) keys.push(key);
  return keys;
}

async function createAll(ledger: Ledger, keys: readonly string[]): Promise<void> {
  for (const key of keys) await ledger.create(key, "{}");
}

/** @param open Gives an empty ledger. */
export function testLedger(name: string, open: () => Promise<Ledger>): void {
  test(`${name} reads what was created, and null where nothing is`, async () => {
    const ledger = await open();

    const created = await ledger.create("locks/memories.json", '{"text":"größer 日本 \\u0000"}');

    assert.equal(created, true);
    assert.equal((await ledger.read("locks/memories.json"))?.body, '{"text":"größer 日本 \\u0000"}');
    assert.equal(await ledger.read("locks/other.json"), null);
  });

  test(`${name} lets exactly one of ten racers create a key`, async () => {
    const ledger = await open();

    const won = await Promise.all(
      Array.from({ length: 10 }, (_, racer) => ledger.create("a/b.json", `${racer}`)),
    );

    assert.equal(won.filter((isWinner) => isWinner).length, 1);
    assert.equal((await ledger.read("a/b.json"))?.body, String(won.indexOf(true)));
  });

  test(`${name} lets exactly one of ten racers replace a version`, async () => {
    const ledger = await open();
    await ledger.create("a/b.json", "first");
    const version = (await ledger.read("a/b.json"))?.version ?? "";

    const won = await Promise.all(
      Array.from({ length: 10 }, (_, racer) => ledger.replace("a/b.json", `${racer}`, version)),
    );

    assert.equal(won.filter((isWinner) => isWinner).length, 1);
    assert.equal((await ledger.read("a/b.json"))?.body, String(won.indexOf(true)));
  });

  test(`${name} refuses to replace a version that is no longer the current one`, async () => {
    const ledger = await open();
    await ledger.create("a.json", "first");
    const first = (await ledger.read("a.json"))?.version ?? "";

    for (const body of ["second", "third", "fourth"]) {
      const version = (await ledger.read("a.json"))?.version ?? "";
      assert.equal(await ledger.replace("a.json", body, version), true);
      assert.equal(await ledger.replace("a.json", "late", first), false);
    }

    assert.equal((await ledger.read("a.json"))?.body, "fourth");
    assert.equal(await ledger.create("a.json", "again"), false);
  });

  test(`${name} loses no increment of ten writers that read, add and replace`, async () => {
    const ledger = await open();
    await ledger.create("count.json", "0");

    await Promise.all(Array.from({ length: 10 }, () => incrementOnce(ledger, "count.json")));

    assert.equal((await ledger.read("count.json"))?.body, "10");
  });

  test(`${name} lists keys in the order of the whole key, whatever folders they form`, async () => {
    const ledger = await open();
    const keys = ["m/a/z.json", "m/a-b/c.json", "m/a.json", "m/B.json", "m/b.json", "m/é.json", "n/a.json"];
    await createAll(ledger, keys);

    assert.deepEqual(await keysOf(ledger, "m/"), [
      "m/B.json",
      "m/a-b/c.json",
      "m/a.json",
      "m/a/z.json",
      "m/b.json",
      "m/é.json",
    ]);
  });

  test(`${name} lists a prefix that ends inside a name, after a key that need not exist`, async () => {
    const ledger = await open();
    await createAll(ledger, ["r/0001.json", "r/0002.json", "r/0003.json", "r/1000.json", "r2/0004.json"]);

    assert.deepEqual(await keysOf(ledger, "r/0", "r/0001.json"), ["r/0002.json", "r/0003.json"]);
    assert.deepEqual(await keysOf(ledger, "r/", "r/0002"), ["r/0002.json", "r/0003.json", "r/1000.json"]);
    assert.deepEqual(await keysOf(ledger, "nothing/"), []);
  });

  test(`${name} lists an object once, however often it was replaced`, async () => {
    const ledger = await open();
    await createAll(ledger, ["s/a.json", "s/b.json"]);

    for (let round = 0; round < 3; round++) await incrementOnce(ledger, "s/a.json");

    assert.deepEqual(await keysOf(ledger, "s/"), ["s/a.json", "s/b.json"]);
  });

  test(`${name} keeps names apart that some file systems hold for the same, or refuse`, async () => {
    const ledger = await open();
    const long = "x".repeat(700);
    const keys = [
      "l/Elena.json",
      "l/elena.json",
      "l/..",
      "l/.",
      `l/${long}a.json`,
      `l/${long}b.json`,
      "l/a%2Fb c?.json",
    ];

    for (const key of keys) assert.equal(await ledger.create(key, key), true);

    for (const key of keys) assert.equal((await ledger.read(key))?.body, key);
    assert.deepEqual((await keysOf(ledger, "l/")).sort(), [...keys].sort());
  });
}

async function incrementOnce(ledger: Ledger, key: string): Promise<void> {
  for (;;) {
    const found = await ledger.read(key);
    assert.ok(found !== null);
    const next = String((Number(found.body) || 0) + 1);
    if (await ledger.replace(key, next, found.version)) return;
  }
}
