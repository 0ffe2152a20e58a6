import assert from "node:assert/strict";
import { test } from "node:test";
import { isAlive, StartedHost } from "./started.ts";

interface Look {
  readonly pid: number;
  readonly calls: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly context: { readonly functionName: string; readonly awsRequestId: string; readonly leftMs: number };
}

const look = async ({ host }: StartedHost): Promise<Look> =>
  (await host.invoke("planner", { act: "look" })) as Look;

test("a function runs in a process of its own, which is used again while it lives", async () => {
  await using started = await StartedHost.start();

  const [first, second] = [await look(started), await look(started)];

  assert.notEqual(first.pid, process.pid);
  assert.deepEqual([second.pid, second.calls], [first.pid, 2]);
});

test("calls side by side have a process each, up to the function's limit", async () => {
  await using started = await StartedHost.start();

  const looks = await Promise.all(Array.from({ length: 8 }, () => look(started)));

  assert.equal(looks.length, 8);
  const processes = new Set(looks.map(({ pid }) => pid)).size;
  assert.ok(processes > 1 && processes <= 4, `${processes} processes`);
});

test("a function has the variables that the contract names for it, and nothing of this process's own", async () => {
  process.env.REMASTER_TEST_LEAK = "leak";
  await using started = await StartedHost.start();

  const { environment } = await look(started);

  delete process.env.REMASTER_TEST_LEAK;
  // Whom Node trusts may be set where the tests run, and is handed on.
  const { PATH, HOME, TMPDIR, NODE_EXTRA_CA_CERTS, NODE_USE_SYSTEM_CA, ...given } = environment;
  assert.equal(NODE_EXTRA_CA_CERTS, process.env.NODE_EXTRA_CA_CERTS);
  assert.deepEqual(given, {
    QDRANT_URL: "http://127.0.0.1:6333",
    QDRANT_API_KEY: "a-key",
    REMASTER_LEDGER_URL: "file:///ledger",
    REMASTER_CONCURRENCY: "2",
    REMASTER_EXECUTIONS: "process:/ledger",
  });
});

test("a function is told its name, its call and the time it has left", async () => {
  await using started = await StartedHost.start({ timeoutMs: () => 60_000 });

  const { context } = await look(started);

  assert.equal(context.functionName, "planner");
  assert.match(context.awsRequestId, /^[\da-f-]{36}$/);
  assert.ok(context.leftMs > 30_000 && context.leftMs <= 60_000, `${context.leftMs}`);
});

test("an error arrives with its name, message, fields and where it was thrown", async () => {
  await using started = await StartedHost.start();

  await assert.rejects(
    started.host.invoke("planner", { act: "fail" }),
    (error: Error & { fields?: unknown }) => {
      assert.deepEqual(
        [error.name, error.message, error.fields],
        ["TransientError", "no answer", { status: 503 }],
      );
      assert.match(error.stack ?? "", /functions\/planner\/handler\.ts/);
      return true;
    },
  );
});

test("an answer of nothing is null, and one that is no JSON is an error", async () => {
  await using started = await StartedHost.start();

  assert.equal(await started.host.invoke("planner", { act: "nothing" }), null);
  await assert.rejects(started.host.invoke("planner", { act: "unwritable" }), { name: "TypeError" });
});

test("a call beyond its time ends with Lambda's error, and its process with it", async () => {
  await using started = await StartedHost.start({ timeoutMs: () => 1_500 });
  const { pid } = await look(started);

  await assert.rejects(started.host.invoke("planner", { act: "hang" }), {
    name: "Sandbox.Timedout",
    message: /Task timed out after 1\.50 seconds$/,
  });

  const next = await look(started);
  assert.notEqual(next.pid, pid);
  assert.equal(isAlive(pid), false);
});

for (const act of ["exit", "crash"])
  test(`a process that ends by ${act} fails its call with Lambda's error and is replaced`, async () => {
    await using started = await StartedHost.start();
    const { pid } = await look(started);

    await assert.rejects(started.host.invoke("planner", { act }), {
      name: "Runtime.ExitError",
      message: act === "exit" ? /exit status 3$/ : /exit status 1$/,
    });

    assert.notEqual((await look(started)).pid, pid);
  });

test("a function nobody wrote is refused by name", async () => {
  await using started = await StartedHost.start();

  await assert.rejects(started.host.invoke("plannr", {}), {
    name: "ConfigError",
    message: /plannr.*planner, /,
  });
});

test("a handler that cannot be loaded fails its call", async () => {
  await using started = await StartedHost.start();

  await assert.rejects(started.host.invoke("swapper", {}), /swapper.handler\.ts/);
});

test("a call that is given up ends before it is reported, its process with it", async () => {
  await using started = await StartedHost.start();
  const { pid } = await look(started);
  const stop = new AbortController();

  const call = started.host.invoke("planner", { act: "hang" }, { signal: stop.signal });
  await started.sees("hang", 1);
  stop.abort();

  await assert.rejects(call);
  await assert.rejects(started.host.invoke("planner", { act: "look" }, { signal: stop.signal }), {
    name: "AbortError",
  });
  assert.notEqual((await look(started)).pid, pid);
});
