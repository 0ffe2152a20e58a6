// What a person may decide about a deployment: `remaster.config.json`, overridden by CDK context (`-c key=value`).
// docs/configuration.md gives every option with its default and reason; a test holds the two together.
import { OPTIONS } from "./options.ts";

/** VPC the functions run in: given by id, so that synthesis looks nothing up and needs no credentials. */
export interface Network {
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
}

/** Starts the workflow regularly with a fixed input. */
export interface Schedule {
  /** EventBridge Scheduler's own words, e.g. `rate(1 day)` or `cron(0 3 * * ? *)`. */
  readonly expression: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export interface Configuration {
  /** Name of the stack and first part of every name in it: several stacks live in one account. */
  readonly stackName: string;
  /** Account and region; null: those of the credentials that deploy. */
  readonly account: string | null;
  readonly region: string | null;
  readonly qdrantUrl: string;
  /** Complete ARN of the secret whose string is the API key that may create, swap and delete. */
  readonly manageKeySecretArn: string;
  /** Complete ARN of the secret whose string is the API key that may read and write points. */
  readonly pointsKeySecretArn: string;
  /** KMS key of the two secrets; null: the account's own `aws/secretsmanager`. */
  readonly secretsKmsKeyArn: string | null;
  readonly embeddingModel: string;
  readonly embeddingDimensions: number;
  /** Directory with one directory a model, which becomes the image's model layer. */
  readonly modelDirectory: string;
  /** Image the functions' image stands on, by digest; null: the Dockerfile's own, by its tag. */
  readonly baseImage: string | null;
  readonly architecture: "x86_64" | "arm64";
  readonly embedderMemoryMiB: number;
  /** Pages embedded side by side. */
  readonly concurrency: number;
  readonly migrationTimeoutHours: number;
  readonly logRetentionDays: number;
  readonly ledgerRetentionDays: number;
  readonly notifyEmails: readonly string[];
  readonly failedPointsTolerated: number;
  readonly oldestPageHours: number;
  readonly stalledMinutes: number;
  readonly costTags: Readonly<Record<string, string>>;
  readonly network: Network | null;
  readonly schedule: Schedule | null;
  /** An emulator of AWS on this machine: plain http to a Qdrant on loopback is allowed. */
  readonly isEmulator: boolean;
}

/** Settings nobody made, for a synthesis without any: a template to read, refused when deployed. */
export const EXAMPLE = {
  qdrantUrl: "https://example.invalid:6333",
  manageKeySecretArn: "arn:aws:secretsmanager:us-east-1:111122223333:secret:remaster/manage-AbCdEf",
  pointsKeySecretArn: "arn:aws:secretsmanager:us-east-1:111122223333:secret:remaster/points-AbCdEf",
} as const;

export const OPTION_NAMES: readonly string[] = Object.keys(OPTIONS);

/**
 * Reads the settings of one deployment.
 * @throws Error that names every problem at once: unknown options, missing ones, wrong values with what is allowed.
 */
export function parseConfiguration(given: Readonly<Record<string, unknown>>): Configuration {
  const problems = Object.keys(given)
    .filter((name) => !OPTION_NAMES.includes(name))
    .map((name) => `unknown option ${JSON.stringify(name)}; known options are ${OPTION_NAMES.join(", ")}`);
  const take = <Name extends keyof Configuration>(name: Name): Configuration[Name] => {
    const { read, allowed, fallback, mayHoldKey = false } = OPTIONS[name];
    const value = given[name];
    const found = value === undefined || value === null ? fallback : read(value);
    if (found === undefined) {
      const isMissing = value === undefined || value === null;
      const instead = mayHoldKey ? "what was given" : JSON.stringify(value);
      problems.push(
        isMissing ? `${name} is missing: ${allowed}` : `${name} must be ${allowed}, not ${instead}`,
      );
    }
    // Never used when it is undefined: a problem was reported, and problems throw below.
    return found as Configuration[Name];
  };
  const configuration: Configuration = {
    stackName: take("stackName"),
    account: take("account"),
    region: take("region"),
    qdrantUrl: take("qdrantUrl"),
    manageKeySecretArn: take("manageKeySecretArn"),
    pointsKeySecretArn: take("pointsKeySecretArn"),
    secretsKmsKeyArn: take("secretsKmsKeyArn"),
    embeddingModel: take("embeddingModel"),
    embeddingDimensions: take("embeddingDimensions"),
    modelDirectory: take("modelDirectory"),
    baseImage: take("baseImage"),
    architecture: take("architecture"),
    embedderMemoryMiB: take("embedderMemoryMiB"),
    concurrency: take("concurrency"),
    migrationTimeoutHours: take("migrationTimeoutHours"),
    logRetentionDays: take("logRetentionDays"),
    ledgerRetentionDays: take("ledgerRetentionDays"),
    notifyEmails: take("notifyEmails"),
    failedPointsTolerated: take("failedPointsTolerated"),
    oldestPageHours: take("oldestPageHours"),
    stalledMinutes: take("stalledMinutes"),
    costTags: take("costTags"),
    network: take("network"),
    schedule: take("schedule"),
    isEmulator: take("isEmulator"),
  };
  if (configuration.qdrantUrl !== undefined) problems.push(...problemsOfUrl(configuration));
  if (problems.length > 0)
    throw new Error(`The configuration was refused and nothing was synthesized: ${problems.join("; ")}.`);
  return configuration;
}

const LOOPBACK: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/** Keys and memories travel on this connection, so it is encrypted wherever it leaves the machine. */
function problemsOfUrl({ qdrantUrl, isEmulator }: Configuration): string[] {
  const url = URL.parse(qdrantUrl);
  if (url === null) return [];
  if (url.protocol === "https:") return [];
  if (isEmulator && url.protocol === "http:" && LOOPBACK.includes(url.hostname)) return [];
  return [
    `qdrantUrl must begin with https:// (http:// only for a Qdrant on loopback together with isEmulator), not ${url.protocol}//${url.host}`,
  ];
}
