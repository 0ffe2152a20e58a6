import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { METRICS } from "../../src/contract.ts";

const root = join(import.meta.dirname, "../..");
const outside = pathToFileURL(join(root, "src/outside.ts")).href;

/** What a process prints that logs by `openOutside().log`, line by line, parsed. */
function printedBy(environment: Readonly<Record<string, string>>, code: string) {
  const program = `import { openOutside } from ${JSON.stringify(outside)}; const { log } = openOutside(); ${code}`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
    env: environment,
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

const recorded = `log("page.recorded", { migration: "m-1", migrated: 5, unchanged: 2, skipped: 0, failed: 1, ms: 80, waitedMs: 30 });`;
const inNamespace = { REMASTER_METRICS_NAMESPACE: "Remaster/chat" };

test("a recorded page is counted in the embedded metric format, beside its line of the log", () => {
  const [line, metrics, ...others] = printedBy(inNamespace, recorded);

  assert.equal(line.event, "page.recorded");
  assert.deepEqual(others, []);
  const [directive] = metrics._aws.CloudWatchMetrics;
  assert.equal(directive.Namespace, "Remaster/chat");
  assert.deepEqual(directive.Dimensions, [["service"]]);
  assert.equal(metrics.service, "remaster");
  const values = Object.fromEntries(
    directive.Metrics.map(({ Name }: { Name: string }) => [Name, metrics[Name]]),
  );
  assert.deepEqual(values, {
    pagesRecorded: 1,
    pointsMigrated: 5,
    pointsUnchanged: 2,
    pointsSkipped: 0,
    pointsFailed: 1,
    pageMilliseconds: 80,
    qdrantWaitMilliseconds: 30,
  });
  assert.equal(directive.Metrics.at(-1).Unit, "Milliseconds");
});

test("each event is counted for itself, and no field of a line becomes a dimension", () => {
  const lines = printedBy(inNamespace, `${recorded} ${recorded} log("live.failed", { reason: "gone" });`);

  const metrics = lines.filter((line) => "_aws" in line);
  assert.deepEqual(
    metrics.map(({ pagesRecorded, liveEventsFailed }) => [pagesRecorded, liveEventsFailed]),
    [
      [1, undefined],
      [1, undefined],
      [undefined, 1],
    ],
  );
  assert.equal(JSON.stringify(metrics).includes("gone"), false);
});

test("an event that nobody counts, and a process without a namespace, write no metrics", () => {
  assert.equal(printedBy(inNamespace, `log("planned", { failed: 3 });`).length, 1);
  assert.equal(printedBy({}, recorded).length, 1);
});

test("every counted line is written by the code, with the counted fields", () => {
  const texts = globSync("src/**/*.ts", { cwd: root }).map((file) => readFileSync(join(root, file), "utf8"));

  for (const [name, { event, field }] of Object.entries(METRICS)) {
    const call = new RegExp(`log\\(\\s*"${event}",\\s*\\{([^}]*)\\}`);
    const fields = texts.map((text) => call.exec(text)?.[1]).find((found) => found !== undefined);
    assert.ok(fields, `${name}: ${event} is logged`);
    if (field !== null) assert.match(fields, new RegExp(`\\b${field}\\b`), name);
  }
});
