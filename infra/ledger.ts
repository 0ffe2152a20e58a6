import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { BlockPublicAccess, Bucket, BucketEncryption } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import { accept } from "./checks.ts";
import type { Configuration } from "./configuration.ts";

/**
 * The ledger: what was planned, done and decided, as objects written on condition only.
 * No name is given: bucket names are world-wide, and a retained bucket must not block the next deployment.
 */
export function createLedger(scope: Construct, configuration: Configuration): Bucket {
  const ledger = new Bucket(scope, "Ledger", {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    encryption: BucketEncryption.S3_MANAGED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    // `migration.json` and the locks are replaced; a version of each is what explains a run afterwards.
    versioned: true,
    lifecycleRules: [
      {
        id: "forget-old-versions",
        // State and lock change every minute of a run: a month of versions covers any inquiry.
        noncurrentVersionExpiration: Duration.days(30),
        abortIncompleteMultipartUploadAfter: Duration.days(1),
      },
      {
        id: "forget-old-migrations",
        // Locks stay: they are one small object a collection and name its current migration.
        prefix: "migrations/",
        expiration: Duration.days(configuration.ledgerRetentionDays),
      },
    ],
    // Without the ledger a swapped migration can neither be rolled back nor cleaned up, so it outlives the stack.
    removalPolicy: RemovalPolicy.RETAIN,
  });
  accept(
    ledger,
    "AwsSolutions::AwsSolutions-S1",
    "Holds ids and counts, no memories; an account that wants its reads recorded has CloudTrail data events.",
  );
  return ledger;
}
