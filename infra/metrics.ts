// What the functions count of their own work (`src/metrics` writes it). Queues, functions and the workflow count
// themselves.
import { Duration } from "aws-cdk-lib";
import { Metric, Stats } from "aws-cdk-lib/aws-cloudwatch";
import { type METRICS, METRICS_SERVICE } from "../src/contract.ts";

/** Sums of five minutes: fine enough to see a stall, and what the alarms count in. */
export const PERIOD = Duration.minutes(5);

/** A namespace each: several stacks of one account keep their numbers apart. */
export const namespaceOf = (stackName: string): string => `Remaster/${stackName}`;

export type OwnMetrics = Readonly<Record<keyof typeof METRICS, Metric>>;

/** Sums of the period; `pageMilliseconds` is a distribution and wants a percentile instead. */
export function metricsOf(stackName: string): OwnMetrics {
  const metric = (metricName: keyof typeof METRICS): Metric =>
    new Metric({
      namespace: namespaceOf(stackName),
      metricName,
      dimensionsMap: { service: METRICS_SERVICE },
      statistic: Stats.SUM,
      period: PERIOD,
    });
  return {
    pagesRecorded: metric("pagesRecorded"),
    pointsMigrated: metric("pointsMigrated"),
    pointsUnchanged: metric("pointsUnchanged"),
    pointsSkipped: metric("pointsSkipped"),
    pointsFailed: metric("pointsFailed"),
    pageMilliseconds: metric("pageMilliseconds"),
    qdrantWaitMilliseconds: metric("qdrantWaitMilliseconds"),
    liveEventsApplied: metric("liveEventsApplied"),
    liveEventsFailed: metric("liveEventsFailed"),
    queriesFailed: metric("queriesFailed"),
  };
}
