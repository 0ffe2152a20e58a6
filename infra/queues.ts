import { Duration } from "aws-cdk-lib";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { PAGES_QUEUE } from "../src/contract.ts";

/** A queue and where its messages go when nobody could treat them. */
export interface QueuePair {
  readonly queue: Queue;
  readonly deadLetters: Queue;
}

interface PairSettings {
  readonly stackName: string;
  readonly visibilityTimeoutSeconds: number;
  readonly maxReceiveCount: number;
}

// SQS's longest: a dead letter found on the Monday after a holiday is still there. A page that is lost with its
// queue is no loss of data either: what the ledger misses is sent again.
const RETENTION = Duration.days(14);

/** A queue with its dead-letter queue: encrypted by SQS, reachable by TLS only. */
export function createQueuePair(scope: Construct, name: string, settings: PairSettings): QueuePair {
  const shared = {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: RETENTION,
  };
  const deadLetters = new Queue(scope, `${name}DeadLetters`, {
    ...shared,
    queueName: `${settings.stackName}-${name.toLowerCase()}-dead-letters`,
  });
  const queue = new Queue(scope, `${name}Queue`, {
    ...shared,
    queueName: `${settings.stackName}-${name.toLowerCase()}`,
    visibilityTimeout: Duration.seconds(settings.visibilityTimeoutSeconds),
    deadLetterQueue: { queue: deadLetters, maxReceiveCount: settings.maxReceiveCount },
  });
  return { queue, deadLetters };
}

/** One page a message; `contract.PAGES_QUEUE` gives the numbers. */
export const createPagesQueue = (scope: Construct, stackName: string): QueuePair =>
  createQueuePair(scope, "Pages", { stackName, ...PAGES_QUEUE });
