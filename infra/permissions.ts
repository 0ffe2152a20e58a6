// Who may do what, statement by statement. No `grant…` of the CDK: those give more than is used
// (`grantReadWrite` on a bucket alone gives GetObject*, GetBucket*, List*, DeleteObject*, PutObject*, Abort*).
import { ArnFormat, type Stack } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { LogGroup } from "aws-cdk-lib/aws-logs";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import type { NetworkOptions } from "./network.ts";
import type { QueuePair } from "./queues.ts";

/** Parts of the ledger and acts on the pages queue that one function needs. Nobody may delete an object. */
export interface Grants {
  /** Keys whose objects are read. A conditional replace reads too, so every written key is among them. */
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** Sends pages, and looks at the depth of the queue and of its dead letters. */
  readonly sends: boolean;
  readonly counts: boolean;
}

// The ledger's keys by what they hold: src/migration/keys.ts.
const LOCKS = "locks/*";
const STATE = "migrations/*/migration.json";
const PLAN = "migrations/*/plan.json";
const RANGES = "migrations/*/ranges.json";
const REPORT = "migrations/*/report.*";
const PASS = "migrations/*/pass-*/pass.json";
const PAGES = "migrations/*/pass-*/pages/*";
const RECORDS = "migrations/*/pass-*/records/*";
const FOLDS = "migrations/*/pass-*/folds/*";
const GATE = "migrations/*/verify/*";
const ALL = "migrations/*";
// Labelled queries that a user put there for the gate.
const QUERIES = "queries/*";

const NOTHING: Grants = { reads: [], writes: [], sends: false, counts: false };

export const GRANTS: Readonly<Record<string, Grants>> = {
  planner: { ...NOTHING, reads: [LOCKS, ALL], writes: [LOCKS, STATE, PLAN, RANGES, PASS, FOLDS, REPORT] },
  // Writes down which pages there are before it sends them.
  coordinator: { ...NOTHING, reads: [ALL], writes: [PAGES], sends: true },
  // The one that sees the memories writes what became of a page, and nothing else.
  embedder: { ...NOTHING, reads: [ALL, QUERIES], writes: [RECORDS] },
  // Adds records up, and sends again what the ledger misses while the queue is empty.
  progress: { reads: [ALL], writes: [STATE, FOLDS], sends: true, counts: true },
  // Plans repairs as the coordinator plans pages, and gives the verdict.
  verifier: { ...NOTHING, reads: [ALL], writes: [STATE, PAGES, GATE], sends: true },
  swapper: { ...NOTHING, reads: [ALL], writes: [STATE] },
  live: { ...NOTHING, reads: [LOCKS, ALL] },
  // The plan holds the proven model of a collection that nobody marked, the lock says which plan.
  query: { ...NOTHING, reads: [LOCKS, PLAN] },
};

export interface Resources {
  readonly ledger: Bucket;
  readonly pages: QueuePair;
  /** Live events; null while the contract has no function for them. */
  readonly events: QueuePair | null;
  readonly network: NetworkOptions;
  readonly stateMachineName: string;
  /** SQS's batch calls are actions of their own for emulators; AWS checks them as SendMessage and DeleteMessage. */
  readonly isEmulator: boolean;
}

export const allow = (
  sid: string,
  actions: readonly string[],
  resources: readonly string[],
): PolicyStatement => new PolicyStatement({ sid, actions: [...actions], resources: [...resources] });

/** A function writes into its own log group, which exists before it does. */
export const mayWriteLogs = (logGroup: LogGroup): PolicyStatement =>
  allow("WriteLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], [logGroup.logGroupArn]);

export function mayUseLedger(ledger: Bucket, { reads, writes }: Grants): PolicyStatement[] {
  const arns = (keys: readonly string[]): string[] => keys.map((key) => ledger.arnForObjects(key));
  if (reads.length === 0) return [];
  return [
    allow("ReadLedger", ["s3:GetObject"], arns(reads)),
    // Without it S3 answers 403 instead of 404 for an object that is not there yet. Names of keys only, this bucket only.
    allow("ListLedger", ["s3:ListBucket"], [ledger.bucketArn]),
    ...(writes.length === 0 ? [] : [allow("WriteLedger", ["s3:PutObject"], arns(writes))]),
  ];
}

export function mayUsePages({ pages, isEmulator }: Resources, grants: Grants): PolicyStatement[] {
  const send = isEmulator ? ["sqs:SendMessage", "sqs:SendMessageBatch"] : ["sqs:SendMessage"];
  const { queue, deadLetters } = pages;
  return [
    ...(grants.sends ? [allow("SendPages", send, [queue.queueArn])] : []),
    ...(grants.counts
      ? [allow("CountPages", ["sqs:GetQueueAttributes"], [queue.queueArn, deadLetters.queueArn])]
      : []),
  ];
}

/** What the event source mapping does in the function's name. */
export function mayTakeMessages({ queue }: QueuePair, isEmulator: boolean): PolicyStatement {
  const actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
  return allow("TakeMessages", isEmulator ? [...actions, "sqs:DeleteMessageBatch"] : actions, [
    queue.queueArn,
  ]);
}

export function mayReadKey(secretArn: string, kmsKeyArn: string | null): PolicyStatement[] {
  return [
    allow("ReadApiKey", ["secretsmanager:GetSecretValue"], [secretArn]),
    ...(kmsKeyArn === null ? [] : [allow("DecryptApiKey", ["kms:Decrypt"], [kmsKeyArn])]),
  ];
}

/** Whether a lock's owner still runs. Executions have names of their own, hence the star at the end. */
export function mayLookUpRuns(stack: Stack, stateMachineName: string): PolicyStatement {
  const executions = stack.formatArn({
    service: "states",
    resource: "execution",
    resourceName: `${stateMachineName}:*`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  return allow("LookUpRuns", ["states:DescribeExecution"], [executions]);
}

/** Network interfaces of functions in a VPC: EC2 knows no narrower resource for these calls. */
export const mayJoinNetwork = (): PolicyStatement =>
  allow(
    "JoinNetwork",
    ["ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface"],
    ["*"],
  );
