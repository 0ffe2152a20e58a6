// Names that both sides must spell alike: the stack that gives them and the code that takes them.
// infra/ imports nothing else from src/.

/** Environment variables. `src/config.ts` is their only reader; `infra/` and `local/` are their only givers. */
export const ENV = {
  /** Address of Qdrant, e.g. `https://xyz.cloud.qdrant.io:6333`. Deploy-time configuration, never input. */
  qdrantUrl: "QDRANT_URL",
  /** One machine only: the API key itself. In AWS the key comes from the secret named below. */
  qdrantApiKey: "QDRANT_API_KEY",
  /** ARN of the secret whose string is the API key this function may use. */
  qdrantApiKeySecret: "QDRANT_API_KEY_SECRET_ARN",
  /** `s3://bucket/prefix` or `file:///absolute/folder`. */
  ledgerUrl: "REMASTER_LEDGER_URL",
  /** `https://sqs…` queue URL, or `memory:pages` on one machine. */
  pagesQueueUrl: "REMASTER_PAGES_QUEUE_URL",
  /** Name (or short name) of the model new vectors are made with. */
  embeddingModel: "EMBEDDING_MODEL",
  /** A check only: a mismatch with the model's contract is an error. */
  embeddingDimensions: "EMBEDDING_DIMENSIONS",
  /** Directory with one directory a model. */
  modelDir: "REMASTER_MODEL_DIR",
  /** How many messages the event source mapping hands out at once; the forecast divides by it. */
  concurrency: "REMASTER_CONCURRENCY",
  /** How executions are looked up to see whether a lock's owner still runs: `states` (AWS) or `process:<folder>`. */
  executions: "REMASTER_EXECUTIONS",
  /** ONNX threads of one session: one per vCPU the function has, never the host's count. */
  embeddingThreads: "REMASTER_EMBEDDING_THREADS",
  /** CloudWatch namespace the function's metrics go to; without it none are written. */
  metricsNamespace: "REMASTER_METRICS_NAMESPACE",
} as const;

export type FunctionName =
  | "planner"
  | "coordinator"
  | "embedder"
  | "progress"
  | "verifier"
  | "swapper"
  | "live"
  | "query";

interface FunctionShape {
  readonly timeoutSeconds: number;
  readonly memoryMiB: number;
  /** Container image with the model in a layer of its own; the others are small zip bundles. */
  readonly image: boolean;
  /** Which of the two secrets the function may read. */
  readonly key: "manage" | "points" | "none";
  /** The variables it is given, in the stack and on one machine alike. */
  readonly environment: readonly (keyof typeof ENV)[];
}

const QDRANT = ["qdrantUrl", "qdrantApiKeySecret"] as const;
/** What every function of the image with the model is given. */
const EMBEDDING = [
  ...QDRANT,
  "ledgerUrl",
  "embeddingModel",
  "embeddingDimensions",
  "modelDir",
  "embeddingThreads",
  "metricsNamespace",
] as const;

/** What the stack and the function host of one machine give each function. */
export const FUNCTIONS: Readonly<Record<FunctionName, FunctionShape>> = {
  planner: {
    timeoutSeconds: 300,
    memoryMiB: 512,
    image: false,
    key: "manage",
    environment: [...QDRANT, "ledgerUrl", "concurrency", "executions"],
  },
  coordinator: {
    // Lambda's limit; the coordinator itself stops well before and goes on from the stored plan.
    timeoutSeconds: 900,
    memoryMiB: 512,
    image: false,
    key: "points",
    environment: [...QDRANT, "ledgerUrl", "pagesQueueUrl"],
  },
  embedder: {
    timeoutSeconds: 300,
    // 1,769 MiB is one vCPU: the best size by price for one session of one thread.
    memoryMiB: 1769,
    image: true,
    key: "points",
    environment: EMBEDDING,
  },
  live: {
    timeoutSeconds: 120,
    memoryMiB: 1769,
    image: true,
    key: "points",
    environment: EMBEDDING,
  },
  query: {
    // A person waits: a cold start with its model, and no more.
    timeoutSeconds: 60,
    memoryMiB: 1769,
    image: true,
    key: "points",
    environment: EMBEDDING,
  },
  progress: {
    timeoutSeconds: 300,
    memoryMiB: 512,
    image: false,
    key: "none",
    environment: ["ledgerUrl", "pagesQueueUrl"],
  },
  verifier: {
    timeoutSeconds: 900,
    memoryMiB: 1024,
    image: false,
    key: "points",
    environment: [...QDRANT, "ledgerUrl", "pagesQueueUrl"],
  },
  swapper: {
    timeoutSeconds: 300,
    memoryMiB: 512,
    image: false,
    key: "manage",
    environment: [...QDRANT, "ledgerUrl"],
  },
};

/** The pages queue and its event source mapping: one page a message, a thrown error is a retry. */
export const PAGES_QUEUE = {
  batchSize: 1,
  // AWS's own advice: six times the function's timeout, so that a retry cannot overlap a slow first try.
  // https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
  visibilityTimeoutSeconds: 6 * 300,
  // High, because an outage walks healthy messages towards the dead-letter queue.
  maxReceiveCount: 8,
} as const;

/** The queue of live events: a few a call, and those that failed come again alone. */
export const LIVE_QUEUE = {
  batchSize: 10,
  // As for pages: an outage must not walk healthy events into the dead-letter queue.
  maxReceiveCount: 8,
} as const;

interface LoggedMetric {
  /** The line of the log that is counted. */
  readonly event: string;
  /** The field of that line that is the value; null counts the lines. */
  readonly field: string | null;
  readonly unit: "count" | "milliseconds";
}

/** Metrics of the functions, by name. `src/metrics` writes them, the alarms and the dashboard of the stack show them. */
export const METRICS = {
  pagesRecorded: { event: "page.recorded", field: null, unit: "count" },
  pointsMigrated: { event: "page.recorded", field: "migrated", unit: "count" },
  pointsUnchanged: { event: "page.recorded", field: "unchanged", unit: "count" },
  pointsSkipped: { event: "page.recorded", field: "skipped", unit: "count" },
  pointsFailed: { event: "page.recorded", field: "failed", unit: "count" },
  pageMilliseconds: { event: "page.recorded", field: "ms", unit: "milliseconds" },
  qdrantWaitMilliseconds: { event: "page.recorded", field: "waitedMs", unit: "milliseconds" },
  liveEventsApplied: { event: "live.applied", field: null, unit: "count" },
  liveEventsFailed: { event: "live.failed", field: null, unit: "count" },
  queriesFailed: { event: "query.failed", field: null, unit: "count" },
} as const satisfies Readonly<Record<string, LoggedMetric>>;

/** The one dimension of these metrics, `service`. */
export const METRICS_SERVICE = "remaster";

/** Version of every message, ledger object and workflow input. A reader refuses another one. */
export const FORMAT_VERSION = 1;

/** `Error` names the workflow catches or a person reads in the console. */
export const ERROR_NAMES = {
  transient: "TransientError",
  permanent: "PermanentError",
  refused: "RefusedError",
  config: "ConfigError",
} as const;
