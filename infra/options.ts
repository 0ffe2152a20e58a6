// The table of options: how each value is read, what is allowed in words, and the default.
import { FUNCTIONS } from "../src/contract.ts";
import type { Configuration, Network, Schedule } from "./configuration.ts";

type Reader<T> = (value: unknown) => T | undefined;

interface Option<T> {
  readonly read: Reader<T>;
  /** Ends the sentence "… must be". */
  readonly allowed: string;
  /** Undefined: the option must be given. */
  readonly fallback: T | undefined;
  /** A key may have been pasted here by mistake: what was given is not repeated. */
  readonly mayHoldKey?: true;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const text =
  (pattern: RegExp): Reader<string> =>
  (value) =>
    typeof value === "string" && pattern.test(value) ? value : undefined;

/** Context from the command line arrives as text: `-c concurrency=50`. */
const whole =
  (min: number, max: number): Reader<number> =>
  (value) => {
    const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
    if (typeof number !== "number" || !Number.isInteger(number)) return undefined;
    return number >= min && number <= max ? number : undefined;
  };

const oneOf =
  <const T>(allowed: readonly T[]): Reader<T> =>
  (value) =>
    allowed.find((one) => one === value || String(one) === value);

/** Lists and objects may be given as JSON text, because the command line knows nothing else. */
function unpacked(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

const texts =
  (pattern: RegExp, min: number): Reader<readonly string[]> =>
  (value) => {
    const list = unpacked(value);
    if (!Array.isArray(list) || list.length < min) return undefined;
    const found = list.map(text(pattern)).filter((one) => one !== undefined);
    return found.length === list.length ? found : undefined;
  };

/** An object with these keys and no others; undefined as soon as one of them does not read. */
const hasOnly = (value: Readonly<Record<string, unknown>>, keys: readonly string[]): boolean =>
  Object.keys(value).every((key) => keys.includes(key));

// EC2 has short old ids and long new ones.
const idOf = (kind: string): RegExp => new RegExp(`^${kind}-([0-9a-f]{8}|[0-9a-f]{17})$`);

const network: Reader<Network> = (value) => {
  const given = unpacked(value);
  if (!isObject(given) || !hasOnly(given, ["vpcId", "subnetIds", "securityGroupIds"])) return undefined;
  const vpcId = text(idOf("vpc"))(given.vpcId);
  const subnetIds = texts(idOf("subnet"), 1)(given.subnetIds);
  const securityGroupIds = texts(idOf("sg"), 1)(given.securityGroupIds);
  if (vpcId === undefined || subnetIds === undefined || securityGroupIds === undefined) return undefined;
  return { vpcId, subnetIds, securityGroupIds };
};

const schedule: Reader<Schedule> = (value) => {
  const given = unpacked(value);
  if (!isObject(given) || !hasOnly(given, ["expression", "input"])) return undefined;
  const expression = text(/^(rate|cron|at)\(.+\)$/)(given.expression);
  return expression === undefined || !isObject(given.input) ? undefined : { expression, input: given.input };
};

const tags: Reader<Readonly<Record<string, string>>> = (value) => {
  const given = unpacked(value);
  if (!isObject(given)) return undefined;
  const pairs = Object.entries(given).flatMap(([key, tag]) =>
    typeof tag === "string" && !key.startsWith("aws:") ? [[key, tag] as const] : [],
  );
  return pairs.length === Object.keys(given).length ? Object.fromEntries(pairs) : undefined;
};

/** A bare address: a user, a query or a fragment in it would end up in the template, readable by many. */
const address: Reader<string> = (value) => {
  const url = typeof value === "string" ? URL.parse(value) : null;
  if (url === null || url.hostname === "" || url.username !== "" || url.password !== "") return undefined;
  return url.search === "" && url.hash === "" ? String(value) : undefined;
};

// The six characters at the end are what makes a secret's ARN complete; a policy with a partial one matches nothing.
const SECRET_ARN = /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@!-]+-[A-Za-z0-9]{6}$/;
const KMS_ARN = /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/;
const secretArn = text(SECRET_ARN);
const SECRET_WORDS =
  "the complete ARN of a secret (arn:aws:secretsmanager:<region>:<account>:secret:<name>-<six characters>)";

// CloudWatch knows these and no others.
const LOG_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] as const;

const wholeOption = (min: number, max: number, fallback: number): Option<number> => ({
  read: whole(min, max),
  allowed: `a whole number from ${min} to ${max}`,
  fallback,
});

export const OPTIONS: { readonly [Name in keyof Configuration]: Option<Configuration[Name]> } = {
  stackName: {
    // 40 characters leave room for a function's name within Lambda's 64.
    read: text(/^[A-Za-z][A-Za-z0-9-]{0,39}$/),
    allowed: "a name of letters, digits and hyphens, at most 40 characters",
    fallback: "remaster",
  },
  account: { read: text(/^\d{12}$/), allowed: "twelve digits, as text", fallback: null },
  region: { read: text(/^[a-z]{2}(-[a-z]+)+-\d$/), allowed: "a region such as eu-central-1", fallback: null },
  qdrantUrl: {
    read: address,
    allowed:
      "the address of Qdrant without user, query or fragment, such as https://xyz.cloud.qdrant.io:6333",
    fallback: undefined,
    mayHoldKey: true,
  },
  manageKeySecretArn: { read: secretArn, allowed: SECRET_WORDS, fallback: undefined, mayHoldKey: true },
  pointsKeySecretArn: { read: secretArn, allowed: SECRET_WORDS, fallback: undefined, mayHoldKey: true },
  secretsKmsKeyArn: { read: text(KMS_ARN), allowed: "the ARN of a KMS key", fallback: null },
  embeddingModel: {
    read: text(/^[\w.-]+(\/[\w.-]+)?$/),
    allowed: "the name of a model such as bge-base-en-v1.5",
    fallback: "BAAI/bge-base-en-v1.5",
  },
  embeddingDimensions: wholeOption(1, 65_536, 768),
  modelDirectory: { read: text(/\S/), allowed: "a directory", fallback: "layers/model/models" },
  baseImage: {
    // A tag may name another image tomorrow; a digest is the hash of what it names, and every pull checks it.
    read: text(/^[\w.-]+(:\d+)?(\/[\w.-]+)+(:[\w.-]+)?@sha256:[0-9a-f]{64}$/),
    allowed:
      "an image with its digest, such as public.ecr.aws/lambda/nodejs:24@sha256:<64 hexadecimal digits>",
    fallback: null,
  },
  architecture: {
    read: oneOf(["x86_64", "arm64"]),
    allowed: "x86_64 or arm64",
    // onnxruntime may miss its fast int8 kernels on arm64 where /sys is hidden, as in Lambda: until measured, x86.
    fallback: "x86_64",
  },
  embedderMemoryMiB: wholeOption(512, 10_240, FUNCTIONS.embedder.memoryMiB),
  // 2 and 1,000 are the limits of an event source mapping.
  concurrency: wholeOption(2, 1000, 20),
  // The queue keeps a message 14 days at most; a migration that takes longer has come to a stop.
  migrationTimeoutHours: wholeOption(1, 24 * 365, 14 * 24),
  logRetentionDays: {
    read: (value) => oneOf(LOG_DAYS)(value),
    allowed: `one of ${LOG_DAYS.join(", ")}`,
    fallback: 30,
  },
  ledgerRetentionDays: wholeOption(30, 3650, 365),
  notifyEmails: {
    read: texts(/^[^@\s]+@[^@\s]+\.[^@\s]+$/, 0),
    allowed: 'a list of e-mail addresses such as ["ops@example.com"]',
    fallback: [],
  },
  failedPointsTolerated: wholeOption(0, 1_000_000_000, 0),
  oldestPageHours: wholeOption(1, 14 * 24, 24),
  stalledMinutes: wholeOption(5, 24 * 60, 15),
  costTags: { read: tags, allowed: 'an object of texts such as {"team": "memory"}', fallback: {} },
  network: {
    read: network,
    allowed: '{"vpcId": "vpc-…", "subnetIds": ["subnet-…"], "securityGroupIds": ["sg-…"]}',
    fallback: null,
  },
  schedule: {
    read: schedule,
    allowed: '{"expression": "rate(1 day)", "input": {"action": "verify", "collection": "…"}}',
    fallback: null,
  },
  isEmulator: { read: oneOf([true, false]), allowed: "true or false", fallback: false },
};
