import assert from "node:assert/strict";
import { test } from "node:test";
import { openQdrant } from "../../src/qdrant/client.ts";
import { failed, openAgainst, ROOT } from "../support/adapter.ts";
import { startAnswers } from "../support/answers.ts";

test("says that there is no Qdrant when something else answers", async () => {
  const { server, qdrant } = await openAgainst(() => ({ body: "<html>hello</html>" }));
  await using _ = server;

  await assert.rejects(qdrant.version(), {
    name: "ConfigError",
    message: /There is no Qdrant at .*something else/,
  });
});

test("says that there is no Qdrant when nothing answers", async () => {
  const qdrant = openQdrant({ url: "http://127.0.0.1:9", apiKey: async () => null });

  await assert.rejects(qdrant.version(), { name: "ConfigError", message: /There is no Qdrant at/ });
});

test("refuses a server that is too old to keep a model's name", async () => {
  const { server, qdrant } = await openAgainst(() => ({ body: ROOT.replace("1.19.0", "1.15.5") }));
  await using _ = server;

  await assert.rejects(qdrant.version(), { name: "ConfigError", message: /1\.15\.5.*1\.16/ });
});

test("a connection cut once is tried again at once, cut twice it is transient", async () => {
  const once = await openAgainst((_, index) =>
    index === 0 ? { cut: true } : { body: '{"result":{"count":3}}' },
  );
  await using _one = once.server;
  assert.equal(await once.qdrant.count("c"), 3);

  const always = await openAgainst(() => ({ cut: true }));
  await using _two = always.server;
  for (const call of [() => always.qdrant.count("c"), () => always.qdrant.collections()])
    await assert.rejects(call, { name: "TransientError", message: /connection was cut/ });
});

test("names too are asked for once more after a cut", async () => {
  const { server, qdrant } = await openAgainst((_, index) =>
    index === 0 ? { cut: true } : { body: '{"result":{"aliases":[]},"status":"ok"}' },
  );
  await using _ = server;

  assert.deepEqual(await qdrant.aliases(), []);
});

test("redirects are not followed, so that no key goes to another host", async () => {
  const elsewhere = await startAnswers(() => ({}));
  await using _elsewhere = elsewhere;
  const { server, qdrant } = await openAgainst(() => ({
    status: 307,
    headers: { location: `${elsewhere.url}/collections` },
  }));
  await using _ = server;

  for (const call of [
    () => qdrant.count("c"),
    () => qdrant.collections(),
    () => qdrant.deleteCollection("c"),
  ])
    await assert.rejects(call, { name: "PermanentError", message: /Redirects are not followed/ });
  assert.deepEqual(elsewhere.asked, []);
});

test("a path in the address is kept as a prefix, for points and for names", async () => {
  const server = await startAnswers(({ path }) =>
    path.endsWith("/count")
      ? { body: '{"result":{"count":1}}' }
      : { body: '{"result":{"collections":[]},"status":"ok"}' },
  );
  await using _ = server;
  const qdrant = openQdrant({ url: `${server.url}/behind/proxy`, apiKey: async () => null });

  await qdrant.count("c");
  await qdrant.collections();

  assert.deepEqual(
    server.asked.map(({ path }) => path),
    ["/behind/proxy/collections/c/points/count", "/behind/proxy/collections"],
  );
});

test("a server that is only just unwell is not taken for no Qdrant", async () => {
  for (const given of [failed(503, "starting"), { cut: true }]) {
    const { server, qdrant } = await openAgainst(() => given);
    await using _ = server;

    await assert.rejects(qdrant.version(), { name: "TransientError" });
  }
});

test("https asked of a http server is said to be that", async () => {
  const server = await startAnswers(() => ({ body: ROOT }));
  await using _ = server;
  const qdrant = openQdrant({ url: server.url.replace("http:", "https:"), apiKey: async () => null });

  await assert.rejects(qdrant.version(), { name: "ConfigError", message: /it speaks http, not https/ });
});

test("a name that would climb up the path is never asked for", async () => {
  const { server, qdrant } = await openAgainst(() => ({}));
  await using _ = server;

  for (const name of ["..", ".", ""])
    for (const call of [() => qdrant.deleteCollection(name), () => qdrant.collection(name)])
      await assert.rejects(call, { name: "ConfigError" });
  await qdrant.deleteCollection("hallo wörld/../x");

  assert.deepEqual(
    server.asked.map(({ path }) => path),
    ["/collections/hallo%20w%C3%B6rld%2F..%2Fx"],
  );
});

test("a key that can be read on the way is logged once as such, and never itself", async () => {
  const events: unknown[] = [];
  const server = await startAnswers(() => ({ body: '{"result":{"count":1}}' }));
  await using _server = server;
  const plain = server.url.replace("127.0.0.1", "0.0.0.0");
  const qdrant = openQdrant({
    // Not a loopback address by name, and yet this machine.
    url: plain,
    apiKey: async () => "secret-key",
    log: (event, fields) => events.push([event, fields]),
  });

  for (const _ of [1, 2]) await qdrant.count("c");

  assert.deepEqual(events, [["qdrant-key-unencrypted", { address: plain }]]);
});
