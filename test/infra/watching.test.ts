import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { COUNTED_FIELDS, PAGE_RECORDED } from "../../infra/metrics.ts";
import { propertiesOf, ROOT, synthesize } from "./synthesized.ts";

const { template } = synthesize({
  options: { stalledMinutes: 20, oldestPageHours: 2, failedPointsTolerated: 9 },
});
const alarms = propertiesOf(template, "AWS::CloudWatch::Alarm");
const alarmNames = [...alarms.values()].map(({ AlarmName }) => AlarmName.replace("remaster-", ""));

test("every alarm tells the topic when it goes off and when it is over, and rests without data", () => {
  assert.deepEqual(alarmNames.sort(), [
    "DeadLetters",
    "FailedMigration",
    "FailedPoints",
    "LiveDeadLetters",
    "MigrationTimedOut",
    "OldestEvent",
    "OldestPage",
    "Stalled",
  ]);
  for (const alarm of alarms.values()) {
    assert.equal(alarm.TreatMissingData, "notBreaching");
    assert.equal(alarm.AlarmActions.length, 1);
    assert.deepEqual(alarm.OKActions, alarm.AlarmActions);
  }
});

test("thresholds are the configuration's", () => {
  const alarmNamed = (name: string) =>
    [...alarms.values()].find(({ AlarmName }) => AlarmName === `remaster-${name}`);

  assert.equal(alarmNamed("Stalled")?.EvaluationPeriods, 4);
  assert.equal(alarmNamed("OldestPage")?.Threshold, 2 * 3600);
  assert.equal(alarmNamed("FailedPoints")?.Threshold, 9);
});

test("the account's alarms may publish, although the topic has a policy of its own", () => {
  const [policy] = propertiesOf(template, "AWS::SNS::TopicPolicy").values();

  const allowed = policy?.PolicyDocument.Statement.filter(
    ({ Effect }: { Effect: string }) => Effect === "Allow",
  );

  assert.equal(allowed.length, 1);
  assert.equal(allowed[0].Principal.Service, "cloudwatch.amazonaws.com");
  assert.ok(allowed[0].Condition.StringEquals["aws:SourceAccount"]);
});

test("docs/runbook.md has a section for every alarm: description, investigation, resolution", () => {
  const text = readFileSync(join(ROOT, "docs/runbook.md"), "utf8");
  const sections = new Map(
    text
      .split(/^## /m)
      .slice(1)
      .map((section) => [section.slice(0, section.indexOf("\n")), section]),
  );

  for (const name of alarmNames)
    for (const part of ["Description", "Investigation", "Resolution"])
      assert.match(sections.get(name) ?? "", new RegExp(`^### ${part}$`, "m"), `${name}: ${part}`);
});

test("the line that is counted is the line the embedder writes", (context) => {
  const writer = join(ROOT, "src/migration/page.ts");
  if (!existsSync(writer)) return context.skip("SKIPPED: src/migration/page.ts is not there yet");
  const call = new RegExp(`log\\(\\s*"${PAGE_RECORDED}",\\s*\\{([^}]*)\\}`).exec(
    readFileSync(writer, "utf8"),
  );

  assert.ok(call, `${PAGE_RECORDED} is logged`);
  for (const field of COUNTED_FIELDS) assert.match(call[1] ?? "", new RegExp(`\\b${field}\\b`));
});

test("the dashboard shows the alarms and the numbers of this stack", () => {
  const [dashboard] = propertiesOf(template, "AWS::CloudWatch::Dashboard").values();
  const body = JSON.stringify(dashboard?.DashboardBody);

  for (const shown of ["Remaster/remaster", "pointsMigrated", "pointsFailed", "pagesRecorded", "alarms"])
    assert.ok(body.includes(shown), shown);
});
