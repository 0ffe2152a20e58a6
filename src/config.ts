// The environment, parsed once at the door. Nothing is read at import: every reader is a call.
import { ENV } from "./contract.ts";
import { ConfigError } from "./migration/errors.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What a process was given. Null: not given; the port that needs it says so when it is opened. */
export interface Config {
  readonly qdrantUrl: string | null;
  readonly qdrantApiKey: string | null;
  /** ARN of the secret that holds the API key. */
  readonly qdrantApiKeySecret: string | null;
  readonly ledgerUrl: string | null;
  readonly pagesQueueUrl: string | null;
  readonly embeddingModel: string | null;
  readonly embeddingDimensions: number | null;
  readonly modelDir: string | null;
  readonly concurrency: number | null;
  readonly executions: string | null;
  readonly embeddingThreads: number | null;
  readonly metricsNamespace: string | null;
  /** Bucket in the path of a URL instead of its host: what services at an address of their own understand. */
  readonly isS3PathStyle: boolean;
}

type Name = keyof typeof ENV;

/**
 * Reads and checks every variable of `contract.ENV`.
 * @throws ConfigError that lists all problems: variable, what it got (never a secret), what is allowed.
 */
export function readConfig(environment: Environment = process.env): Config {
  const problems: string[] = [];
  const read = <T>(name: Name, rule: Rule<T>): T | null => {
    const text = given(environment, ENV[name]);
    const value = text === null ? null : rule.parse(text);
    if (text !== null && value === null)
      problems.push(`${ENV[name]} is ${rule.shown(text)}; allowed: ${rule.allowed}.`);
    return value;
  };
  const config: Config = {
    qdrantUrl: read("qdrantUrl", WEB_ADDRESS),
    qdrantApiKey: read("qdrantApiKey", SECRET),
    qdrantApiKeySecret: read("qdrantApiKeySecret", SECRET_ARN),
    ledgerUrl: read("ledgerUrl", LEDGER_URL),
    pagesQueueUrl: read("pagesQueueUrl", QUEUE_URL),
    embeddingModel: read("embeddingModel", TEXT),
    embeddingDimensions: read("embeddingDimensions", wholeNumber(1, 65_536)),
    modelDir: read("modelDir", TEXT),
    concurrency: read("concurrency", wholeNumber(1, 1000)),
    executions: read("executions", EXECUTIONS),
    embeddingThreads: read("embeddingThreads", wholeNumber(1, 256)),
    metricsNamespace: read("metricsNamespace", METRICS_NAMESPACE),
    isS3PathStyle: S3_ENDPOINTS.some((name) => given(environment, name) !== null),
  };
  if (problems.length > 0)
    throw new ConfigError(`The settings of this process are wrong. ${problems.join(" ")}`);
  return config;
}

export interface CommandLineConfig {
  readonly qdrantUrl: string;
  readonly modelDir: string | null;
  readonly embeddingModel: string | null;
  readonly embeddingDimensions: number | null;
}

/** What the command line takes from its environment; its flags go before. @throws ConfigError as `readConfig`. */
export function readCommandLineConfig(environment: Environment = process.env): CommandLineConfig {
  const { qdrantUrl, modelDir, embeddingModel, embeddingDimensions } = readConfig(environment);
  return { qdrantUrl: qdrantUrl ?? "http://localhost:6333", modelDir, embeddingModel, embeddingDimensions };
}

/** A variable that the user named, e.g. by `--api-key-env`. Empty is as good as not set. */
export const readVariable = (name: string): string | null => given(process.env, name);

/**
 * Tells the ONNX runtime, which reads it from the process and not from its caller, to report nothing to its makers.
 * In a worker thread this reaches nobody: whoever starts the thread has to call it.
 */
export function silenceRuntime(): void {
  process.env.ORT_DISABLE_TELEMETRY = "1";
}

/** A setting that this call cannot do without. @throws ConfigError when it was not given. */
export function requireSetting<K extends Name>(config: Config, name: K): NonNullable<Config[K]> {
  const value = config[name];
  if (value === null)
    throw new ConfigError(`${ENV[name]} is not set, and this function cannot work without it.`);
  return value;
}

// Read by the AWS SDK itself too; set for an emulator or another service that speaks S3.
const S3_ENDPOINTS = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"] as const;

function given(environment: Environment, name: string): string | null {
  const text = environment[name];
  return text === undefined || text === "" ? null : text;
}

interface Rule<T> {
  readonly allowed: string;
  /** Null: not allowed. */
  parse(text: string): T | null;
  /** How a wrong value may be shown. */
  shown(text: string): string;
}

function text(allowed: string, isAllowed: (text: string) => boolean): Rule<string> {
  return {
    allowed,
    parse: (value) => (isAllowed(value) ? value : null),
    shown: (value) => JSON.stringify(value),
  };
}

function wholeNumber(min: number, max: number): Rule<number> {
  return {
    allowed: `a whole number from ${min} to ${max}`,
    parse(value) {
      const number = Number(value);
      const isAllowed = /^\d+$/.test(value) && number >= min && number <= max;
      return isAllowed ? number : null;
    },
    shown: (value) => JSON.stringify(value),
  };
}

const isWebAddress = (value: string): boolean => /^https?:$/.test(URL.parse(value)?.protocol ?? "");

const TEXT = text("any text", () => true);
const WEB_ADDRESS: Rule<string> = {
  ...text("an address like https://xyz.cloud.qdrant.io:6333", isWebAddress),
  // An address may carry a user and a password: the wrong text is not repeated.
  shown: (value) => `no such address (${value.length} characters)`,
};
const LEDGER_URL = text("s3://bucket/prefix or file:///absolute/folder", (value) =>
  /^(s3:\/\/[^/]+(\/.*)?|file:\/\/\/.+)$/.test(value),
);
const QUEUE_URL = text(
  "the address of an SQS queue, or memory:pages",
  (value) => value === "memory:pages" || isWebAddress(value),
);
const METRICS_NAMESPACE = text(
  "1 to 255 letters, digits, blanks or . - _ / # :",
  (value) => /^[\w ./#:-]{1,255}$/.test(value) && value.trim() !== "",
);
const EXECUTIONS = text("states, or process:<folder>", (value) => /^(states|process:.*)$/.test(value));
const SECRET_ARN = text("the ARN of a secret", (value) => /^arn:[\w-]+:secretsmanager:/.test(value));
const SECRET: Rule<string> = {
  // What an HTTP header can carry; a key pasted with its line end is the usual mistake.
  ...text("printable characters without blanks", (value) => /^[\x21-\x7e]+$/.test(value)),
  shown: (value) => `not usable as a key (${value.length} characters)`,
};
