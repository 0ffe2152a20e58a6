import assert from "node:assert/strict";
import { test } from "node:test";
import { readCommandLineConfig, readConfig, readVariable, requireSetting } from "../../src/config.ts";
import { ConfigError } from "../../src/migration/errors.ts";

const good = {
  QDRANT_URL: "https://xyz.cloud.qdrant.io:6333",
  QDRANT_API_KEY: "key-1",
  QDRANT_API_KEY_SECRET_ARN: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:points-a1B2c3",
  REMASTER_LEDGER_URL: "s3://ledger/prefix",
  REMASTER_PAGES_QUEUE_URL: "https://sqs.eu-central-1.amazonaws.com/123456789012/pages",
  EMBEDDING_MODEL: "bge-base-en-v1.5",
  EMBEDDING_DIMENSIONS: "768",
  REMASTER_MODEL_DIR: "/opt/models",
  REMASTER_CONCURRENCY: "10",
  REMASTER_EXECUTIONS: "states",
  REMASTER_EMBEDDING_THREADS: "1",
  REMASTER_METRICS_NAMESPACE: "Remaster/remaster",
};

function problemsOf(environment: Readonly<Record<string, string>>): string {
  try {
    readConfig(environment);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  return assert.fail("nothing was refused");
}

test("reads every variable of the contract", () => {
  assert.deepEqual(readConfig(good), {
    qdrantUrl: "https://xyz.cloud.qdrant.io:6333",
    qdrantApiKey: "key-1",
    qdrantApiKeySecret: good.QDRANT_API_KEY_SECRET_ARN,
    ledgerUrl: "s3://ledger/prefix",
    pagesQueueUrl: good.REMASTER_PAGES_QUEUE_URL,
    embeddingModel: "bge-base-en-v1.5",
    embeddingDimensions: 768,
    modelDir: "/opt/models",
    concurrency: 10,
    executions: "states",
    embeddingThreads: 1,
    metricsNamespace: "Remaster/remaster",
    isS3PathStyle: false,
  });
});

test("takes what one machine gives", () => {
  const config = readConfig({
    REMASTER_LEDGER_URL: "file:///home/somebody/a ledger",
    REMASTER_PAGES_QUEUE_URL: "memory:pages",
    REMASTER_EXECUTIONS: "process:/home/somebody",
  });

  assert.equal(config.ledgerUrl, "file:///home/somebody/a ledger");
  assert.equal(config.pagesQueueUrl, "memory:pages");
});

test("an empty variable is as good as none", () => {
  assert.equal(readConfig({ EMBEDDING_DIMENSIONS: "", QDRANT_URL: "" }).embeddingDimensions, null);
});

test("an endpoint of its own is spoken to in path style", () => {
  assert.equal(readConfig({ AWS_ENDPOINT_URL: "http://127.0.0.1:4566" }).isS3PathStyle, true);
  assert.equal(readConfig({ AWS_ENDPOINT_URL_S3: "http://127.0.0.1:4566" }).isS3PathStyle, true);
});

test("all problems are in one error, each with its variable, what it got and what is allowed", () => {
  const message = problemsOf({
    ...good,
    REMASTER_CONCURRENCY: "many",
    REMASTER_LEDGER_URL: "ledger",
    REMASTER_EXECUTIONS: "x",
  });

  assert.match(message, /REMASTER_CONCURRENCY is "many"; allowed: a whole number from 1 to 1000\./);
  assert.match(message, /REMASTER_LEDGER_URL is "ledger"; allowed: s3:\/\/bucket\/prefix or file:/);
  assert.match(message, /REMASTER_EXECUTIONS is "x"; allowed: states, or process:<folder>\./);
});

for (const [variable, wrong] of [
  ["EMBEDDING_DIMENSIONS", ["0", "-1", "384.5", "1e3", " 384", "NaN"]],
  ["QDRANT_URL", ["localhost:6333", "ftp://host", "http//host"]],
  ["REMASTER_LEDGER_URL", ["file://relative", "s3://", "file:///"]],
  ["REMASTER_PAGES_QUEUE_URL", ["memory:other", "pages"]],
  ["QDRANT_API_KEY_SECRET_ARN", ["points", "arn:aws:s3:::bucket"]],
] as const)
  test(`${variable} refuses what it cannot use`, () => {
    for (const text of wrong) assert.match(problemsOf({ [variable]: text }), new RegExp(variable), text);
  });

test("a secret is never repeated, however wrong it is", () => {
  assert.doesNotMatch(problemsOf({ QDRANT_API_KEY: "secret-1\nsecret-2" }), /secret-/);
  assert.doesNotMatch(problemsOf({ QDRANT_URL: "user:secret-1@host" }), /secret-/);
});

test("a setting that a call cannot do without is named", () => {
  assert.throws(() => requireSetting(readConfig({}), "ledgerUrl"), {
    name: "ConfigError",
    message: /REMASTER_LEDGER_URL is not set/,
  });
  assert.equal(requireSetting(readConfig(good), "concurrency"), 10);
});

test("the command line has a local Qdrant unless told otherwise", () => {
  assert.equal(readCommandLineConfig({}).qdrantUrl, "http://localhost:6333");
  assert.deepEqual(readCommandLineConfig(good), {
    qdrantUrl: good.QDRANT_URL,
    modelDir: "/opt/models",
    embeddingModel: "bge-base-en-v1.5",
    embeddingDimensions: 768,
  });
});

test("a variable that the user names is read as it is", () => {
  assert.equal(typeof readVariable("PATH"), "string");
  assert.equal(readVariable("REMASTER_NO_SUCH_VARIABLE"), null);
});
