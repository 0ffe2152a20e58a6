// Counts what is logged, so that the line a person reads and the number in a graph cannot differ.
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import { METRICS, METRICS_SERVICE } from "../contract.ts";
import type { Log } from "../migration/ports.ts";

const UNITS = { count: MetricUnit.Count, milliseconds: MetricUnit.Milliseconds } as const;

/**
 * A log that also writes the metrics of `contract.METRICS` in CloudWatch's Embedded Metric Format: one JSON line of
 * standard output for each counted event, which CloudWatch takes apart. No call goes out, nothing can fail or wait.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 *
 * @param namespace Keeps several deployments of one account apart.
 */
export function countLogged(log: Log, namespace: string): Log {
  const metrics = new Metrics({ namespace, serviceName: METRICS_SERVICE });
  return (event, fields) => {
    log(event, fields);
    for (const [name, { event: counted, field, unit }] of Object.entries(METRICS)) {
      if (counted !== event) continue;
      const value = field === null ? 1 : Number(fields[field]);
      if (Number.isFinite(value)) metrics.addMetric(name, UNITS[unit], value);
    }
    // Without a metric it would warn.
    if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
  };
}
