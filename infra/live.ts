// Live events and the query function: deployed where src/contract.ts has the functions `live` and `query`.
import { CfnOutput, Duration } from "aws-cdk-lib";
import { EventBus, Rule } from "aws-cdk-lib/aws-events";
import { SqsQueue } from "aws-cdk-lib/aws-events-targets";
import {
  EventSourceMapping,
  FunctionUrlAuthType,
  type Function as LambdaFunction,
} from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import { LIVE_QUEUE } from "../src/contract.ts";
import type { Configuration } from "./configuration.ts";
import { createQueuePair, type QueuePair } from "./queues.ts";

/** The queue that holds live events, also during a cut-over, when nobody takes from it for some seconds. */
export const createLiveQueue = (scope: Construct, stackName: string, timeoutSeconds: number): QueuePair =>
  createQueuePair(scope, "Live", {
    stackName,
    // Six times the function's timeout, so that a retry cannot overlap a slow first try.
    visibilityTimeoutSeconds: 6 * timeoutSeconds,
    maxReceiveCount: LIVE_QUEUE.maxReceiveCount,
  });

/** Events from SQS directly, or over EventBridge with detail type `touch`, `put` or `delete`, reach the function in batches. */
export function feedLive(
  scope: Construct,
  { stackName, concurrency }: Configuration,
  { live, events }: { readonly live: LambdaFunction; readonly events: QueuePair },
): void {
  new EventSourceMapping(scope, "LiveToFunction", {
    target: live,
    eventSourceArn: events.queue.queueArn,
    batchSize: LIVE_QUEUE.batchSize,
    maxConcurrency: concurrency,
    maxBatchingWindow: Duration.seconds(0),
    // One bad event must not send nine good ones round again.
    reportBatchItemFailures: true,
  });
  // A bus of its own: several stacks of one account must not hear each other's events.
  const eventBus = new EventBus(scope, "LiveBus", { eventBusName: stackName });
  new Rule(scope, "LiveRule", {
    eventBus,
    eventPattern: { detailType: ["touch", "put", "delete"] },
    targets: [new SqsQueue(events.queue, { deadLetterQueue: events.deadLetters })],
  });
  new CfnOutput(scope, "LiveQueueUrl", {
    value: events.queue.queueUrl,
    description: "Live events: put, touch, delete",
  });
  new CfnOutput(scope, "LiveBusName", {
    value: eventBus.eventBusName,
    description: "The same over EventBridge",
  });
}

/** Callers sign with IAM; who may call is decided by `lambda:InvokeFunctionUrl` in their own policies. */
export function openQuery(scope: Construct, query: LambdaFunction): void {
  const { url } = query.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM });
  new CfnOutput(scope, "QueryUrl", { value: url, description: "Vectors by the model the alias points to" });
}
