import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  Stats,
} from "aws-cdk-lib/aws-cloudwatch";
import type { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import type { Watched } from "./alarms.ts";
import { PERIOD } from "./metrics.ts";

interface Shown extends Watched {
  readonly alarms: readonly Alarm[];
  readonly embedder: LambdaFunction;
}

/** One page, top to bottom in the order a person asks: is something wrong, how far, how fast, what is in the way. */
export function createDashboard(scope: Construct, stackName: string, shown: Shown): Dashboard {
  const { alarms, embedder, pages, points, workflow } = shown;
  const period = PERIOD;
  const waiting = pages.queue.metricApproximateNumberOfMessagesVisible({ period, label: "waiting" });
  const inWork = pages.queue.metricApproximateNumberOfMessagesNotVisible({ period, label: "in work" });
  const dead = pages.deadLetters.metricApproximateNumberOfMessagesVisible({ period, label: "dead letters" });
  return new Dashboard(scope, "Dashboard", {
    dashboardName: stackName,
    widgets: [
      [new AlarmStatusWidget({ title: "Alarms", alarms: [...alarms], width: 24, height: 3 })],
      [
        graph("Points by outcome (5 min)", [
          points.pointsMigrated,
          points.pointsUnchanged,
          points.pointsSkipped,
          points.pointsFailed,
        ]),
        graph("Pages", [waiting, inWork, dead]),
        graph("Pages recorded (5 min)", [points.pagesRecorded]),
      ],
      [
        graph("Live events and queries (5 min)", [
          points.liveEventsApplied,
          points.liveEventsFailed,
          points.queriesFailed,
        ]),
      ],
      [
        graph("Embedder: milliseconds a page", [
          points.pageMilliseconds.with({ statistic: Stats.p(50), label: "median" }),
          points.pageMilliseconds.with({ statistic: Stats.p(99), label: "99 %" }),
          points.qdrantWaitMilliseconds.with({ statistic: Stats.p(99), label: "99 %, waiting for Qdrant" }),
          // Starts and repeated deliveries included.
          embedder.metricDuration({ period, statistic: Stats.p(99), label: "99 % of the calls" }),
        ]),
        graph("Embedder: errors and throttles", [
          embedder.metricErrors({ period }),
          embedder.metricThrottles({ period }),
        ]),
        graph("Runs of the workflow", [
          workflow.metricStarted({ period }),
          workflow.metricSucceeded({ period }),
          workflow.metricFailed({ period }),
          workflow.metricTimedOut({ period }),
        ]),
      ],
    ],
  });
}

const graph = (title: string, left: IMetric[]): GraphWidget => new GraphWidget({ title, left, width: 8 });
