import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ENV, METRICS, METRICS_SERVICE } from "../../src/contract.ts";
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

test("the alarms count what the functions write, under this stack's namespace", () => {
  const [failedPoints] = [...alarms.values()].filter(
    ({ AlarmName }) => AlarmName === "remaster-FailedPoints",
  );
  const embedder = [...propertiesOf(template, "AWS::Lambda::Function").values()].find(
    ({ FunctionName }) => FunctionName === "remaster-embedder",
  );

  assert.equal(failedPoints?.Namespace, embedder?.Environment.Variables[ENV.metricsNamespace]);
  assert.equal(failedPoints?.MetricName, "pointsFailed");
  assert.deepEqual(failedPoints?.Dimensions, [{ Name: "service", Value: METRICS_SERVICE }]);
});

test("the dashboard shows the alarms and the numbers of this stack", () => {
  const [dashboard] = propertiesOf(template, "AWS::CloudWatch::Dashboard").values();
  const body = JSON.stringify(dashboard?.DashboardBody);

  for (const shown of ["Remaster/remaster", METRICS_SERVICE, "alarms", ...Object.keys(METRICS)])
    assert.ok(body.includes(shown), shown);
});
