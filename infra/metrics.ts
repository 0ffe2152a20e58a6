// What is counted. Queues, functions and the workflow count themselves; points are counted from the log, so that
// the line a person reads and the number in the graph cannot differ.
import { Duration } from "aws-cdk-lib";
import { Metric, Stats } from "aws-cdk-lib/aws-cloudwatch";
import { FilterPattern, type ILogGroup, MetricFilter } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";

/** The embedder's line for a page that got its record: `src/migration/page.ts` writes it, a test compares. */
export const PAGE_RECORDED = "page.recorded";

/** Metric by the field of that line it sums up; null counts the lines. */
const COUNTED = {
  pagesRecorded: null,
  pointsMigrated: "migrated",
  pointsUnchanged: "unchanged",
  pointsSkipped: "skipped",
  pointsFailed: "failed",
} as const;

export const COUNTED_FIELDS: readonly string[] = Object.values(COUNTED).filter((field) => field !== null);

export type PointMetrics = Readonly<Record<keyof typeof COUNTED, Metric>>;

/** Sums of five minutes: fine enough to see a stall, and what the alarms count in. */
export const PERIOD = Duration.minutes(5);

export function countPages(scope: Construct, stackName: string, embedderLogs: ILogGroup): PointMetrics {
  const count = (metricName: keyof typeof COUNTED): Metric => {
    const field = COUNTED[metricName];
    new MetricFilter(scope, `${metricName}Filter`, {
      logGroup: embedderLogs,
      filterPattern: FilterPattern.stringValue("$.event", "=", PAGE_RECORDED),
      // A namespace each: several stacks of one account keep their numbers apart.
      metricNamespace: `Remaster/${stackName}`,
      metricName,
      metricValue: field === null ? "1" : `$.${field}`,
    });
    return new Metric({
      namespace: `Remaster/${stackName}`,
      metricName,
      statistic: Stats.SUM,
      period: PERIOD,
    });
  };
  return {
    pagesRecorded: count("pagesRecorded"),
    pointsMigrated: count("pointsMigrated"),
    pointsUnchanged: count("pointsUnchanged"),
    pointsSkipped: count("pointsSkipped"),
    pointsFailed: count("pointsFailed"),
  };
}
