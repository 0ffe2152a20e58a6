// What a person is woken for. docs/runbook.md has one section an alarm, under the same name; a test compares.
import { Duration, Stack } from "aws-cdk-lib";
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Stats,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import type { StateMachine } from "aws-cdk-lib/aws-stepfunctions";
import type { Construct } from "constructs";
import type { Configuration } from "./configuration.ts";
import { type OwnMetrics, PERIOD } from "./metrics.ts";
import type { QueuePair } from "./queues.ts";

const LATE_EVENT = Duration.minutes(15);

interface AlarmPlan {
  readonly name: string;
  readonly says: string;
  readonly metric: IMetric;
  /** The alarm goes off when the metric is above this … */
  readonly above: number;
  /** … for so many periods in a row. */
  readonly periods: number;
}

export interface Watched {
  readonly pages: QueuePair;
  /** Live events; null while the contract has no function for them. */
  readonly events: QueuePair | null;
  readonly workflow: StateMachine;
  readonly points: OwnMetrics;
}

export function createAlarms(scope: Construct, configuration: Configuration, watched: Watched): Alarm[] {
  const action = new SnsAction(createTopic(scope, configuration));
  return plansOf(configuration, watched).map(({ name, says, metric, above, periods }) => {
    const alarm = new Alarm(scope, `${name}Alarm`, {
      alarmName: `${configuration.stackName}-${name}`,
      alarmDescription: `${says} See docs/runbook.md, "${name}".`,
      metric,
      threshold: above,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      // No data is the normal state: between migrations nothing happens.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(action);
    alarm.addOkAction(action);
    return alarm;
  });
}

function plansOf(configuration: Configuration, { pages, events, workflow, points }: Watched): AlarmPlan[] {
  const period = PERIOD;
  return [
    {
      name: "DeadLetters",
      says: "Pages were given up after many tries.",
      metric: pages.deadLetters.metricApproximateNumberOfMessagesVisible({
        period,
        statistic: Stats.MAXIMUM,
      }),
      above: 0,
      periods: 1,
    },
    {
      name: "OldestPage",
      says: `A page has waited longer than ${configuration.oldestPageHours} hours.`,
      metric: pages.queue.metricApproximateAgeOfOldestMessage({ period, statistic: Stats.MAXIMUM }),
      above: Duration.hours(configuration.oldestPageHours).toSeconds(),
      periods: 1,
    },
    ...(events === null ? [] : livePlans(events)),
    // Emulators know no metric math, and nobody is woken by one.
    ...(configuration.isEmulator ? [] : [stalledPlan(configuration, pages, points)]),
    {
      name: "FailedPoints",
      says: `More than ${configuration.failedPointsTolerated} points failed within an hour.`,
      metric: points.pointsFailed.with({ period: Duration.hours(1) }),
      above: configuration.failedPointsTolerated,
      periods: 1,
    },
    {
      name: "FailedMigration",
      says: "A run of the workflow failed.",
      metric: workflow.metricFailed({ period }),
      above: 0,
      periods: 1,
    },
    {
      name: "MigrationTimedOut",
      says: `A run of the workflow was still going after ${configuration.migrationTimeoutHours} hours.`,
      metric: workflow.metricTimedOut({ period }),
      above: 0,
      periods: 1,
    },
  ];
}

/** Readers feel late events: what they look for is not there yet. */
const livePlans = ({ queue, deadLetters }: QueuePair): AlarmPlan[] => [
  {
    name: "LiveDeadLetters",
    says: "Live events were given up after many tries.",
    metric: deadLetters.metricApproximateNumberOfMessagesVisible({
      period: PERIOD,
      statistic: Stats.MAXIMUM,
    }),
    above: 0,
    periods: 1,
  },
  {
    name: "OldestEvent",
    // A cut-over holds events for seconds, a slow first try and its repetition for minutes.
    says: `A live event has waited longer than ${LATE_EVENT.toMinutes()} minutes.`,
    metric: queue.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: Stats.MAXIMUM }),
    above: LATE_EVENT.toSeconds(),
    periods: 1,
  },
];

const stalledPlan = ({ stalledMinutes }: Configuration, pages: QueuePair, points: OwnMetrics): AlarmPlan => ({
  name: "Stalled",
  says: `Pages are waiting, and none got its record for ${stalledMinutes} minutes.`,
  metric: stalled(pages, points),
  above: 0,
  periods: Math.ceil(stalledMinutes / PERIOD.toMinutes()),
});

/**
 * 1 while pages are waiting or in work and no record is written, else 0. Running is read from the queue, which
 * knows it whatever became of the workflow.
 */
function stalled({ queue }: QueuePair, { pagesRecorded }: OwnMetrics): MathExpression {
  const statistic = Stats.MINIMUM;
  return new MathExpression({
    expression: "IF(FILL(recorded, 0) < 1 AND (waiting + inWork) > 0, 1, 0)",
    usingMetrics: {
      recorded: pagesRecorded,
      waiting: queue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic }),
      inWork: queue.metricApproximateNumberOfMessagesNotVisible({ period: PERIOD, statistic }),
    },
    label: "stalled",
    period: PERIOD,
  });
}

function createTopic(scope: Construct, { stackName, notifyEmails }: Configuration): Topic {
  // Not encrypted with a key: CloudWatch cannot publish through AWS's own one, and alarms hold numbers only.
  const topic = new Topic(scope, "Notifications", {
    topicName: `${stackName}-notifications`,
    enforceSSL: true,
  });
  // A topic with a policy of its own has lost the default one, which let the account's alarms publish.
  topic.addToResourcePolicy(
    new PolicyStatement({
      sid: "AlarmsMayPublish",
      principals: [new ServicePrincipal("cloudwatch.amazonaws.com")],
      actions: ["sns:Publish"],
      resources: [topic.topicArn],
      conditions: { StringEquals: { "aws:SourceAccount": Stack.of(scope).account } },
    }),
  );
  for (const email of notifyEmails) topic.addSubscription(new EmailSubscription(email));
  return topic;
}
