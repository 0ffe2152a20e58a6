import { join } from "node:path";
import { Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { PolicyDocument, type PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  Architecture,
  DockerImageFunction,
  EventSourceMapping,
  type FunctionOptions,
  type Function as LambdaFunction,
  Runtime,
} from "aws-cdk-lib/aws-lambda";
import { LogLevel, NodejsFunction, OutputFormat, SourceMapMode } from "aws-cdk-lib/aws-lambda-nodejs";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import { ENV, type FUNCTIONS, PAGES_QUEUE } from "../src/contract.ts";
import { acknowledgeStars } from "./checks.ts";
import type { Configuration } from "./configuration.ts";
import { imageCode, MODEL_DIRECTORY_IN_IMAGE, ROOT } from "./image.ts";
import { namespaceOf } from "./metrics.ts";
import {
  GRANTS,
  mayJoinNetwork,
  mayLookUpRuns,
  mayReadKey,
  mayTakeMessages,
  mayUseLedger,
  mayUsePages,
  mayWriteLogs,
  type Resources,
} from "./permissions.ts";

type Shape = (typeof FUNCTIONS)[keyof typeof FUNCTIONS];
type Variable = keyof typeof ENV;

/** `contract.FUNCTIONS`: a function that is added there is deployed. */
export type Shapes = Readonly<Record<string, Shape>>;

/** A deployed function with the log group it writes to. */
export interface Deployed {
  readonly lambda: LambdaFunction;
  readonly logs: LogGroup;
}

export type Functions = ReadonlyMap<string, Deployed>;

/** @throws Error when the contract has no such function, which the stack cannot do without. */
export function functionNamed(functions: Functions, name: string): Deployed {
  const found = functions.get(name);
  if (found === undefined) throw new Error(`src/contract.ts has no function ${name}, which the stack needs.`);
  return found;
}

export function createFunctions(
  scope: Construct,
  shapes: Shapes,
  { configuration, resources }: Pick<FunctionPlan, "configuration" | "resources">,
): Functions {
  const create = ([name, shape]: [string, Shape]): [string, Deployed] => [
    name,
    createFunction(scope, { name, shape, configuration, resources }),
  ];
  return new Map(Object.entries(shapes).map(create));
}

interface FunctionPlan {
  readonly name: string;
  readonly shape: Shape;
  readonly configuration: Configuration;
  readonly resources: Resources;
}

function createFunction(scope: Construct, plan: FunctionPlan): Deployed {
  const { name, shape, configuration } = plan;
  const id = `${name[0]?.toUpperCase()}${name.slice(1)}`;
  const functionName = `${configuration.stackName}-${name}`;
  const logs = new LogGroup(scope, `${id}Logs`, {
    logGroupName: `/aws/lambda/${functionName}`,
    retention: configuration.logRetentionDays,
    // Ids and counts only; what a run did is in the ledger.
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const statements = statementsOf(scope, plan, logs);
  const role = new Role(scope, `${id}Role`, {
    assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
    inlinePolicies: { [id]: new PolicyDocument({ statements }) },
  });
  acknowledgeStars(role, statements);
  const options: FunctionOptions = {
    functionName,
    role,
    logGroup: logs,
    timeout: Duration.seconds(shape.timeoutSeconds),
    // One image, one model: what the embedder needs, the others of the image need.
    memorySize: shape.image ? configuration.embedderMemoryMiB : shape.memoryMiB,
    architecture: configuration.architecture === "arm64" ? Architecture.ARM_64 : Architecture.X86_64,
    environment: environmentOf(plan),
    ...plan.resources.network,
  };
  const lambda = shape.image
    ? new DockerImageFunction(scope, id, { ...options, code: imageCode(configuration, name) })
    : createBundle(scope, { id, name, options });
  return { lambda, logs };
}

interface BundlePlan {
  readonly id: string;
  readonly name: string;
  readonly options: FunctionOptions;
}

function createBundle(scope: Construct, { id, name, options }: BundlePlan): LambdaFunction {
  return new NodejsFunction(scope, id, {
    ...options,
    runtime: Runtime.NODEJS_24_X,
    entry: join(ROOT, "functions", name, "handler.ts"),
    handler: "handler",
    projectRoot: ROOT,
    depsLockFilePath: join(ROOT, "package-lock.json"),
    // The variable it would set is no part of the contract, and this runtime keeps connections anyway.
    awsSdkConnectionReuse: false,
    bundling: {
      format: OutputFormat.ESM,
      target: "node24",
      mainFields: ["module", "main"],
      // The lock file decides which SDK runs, not the day the runtime was patched.
      bundleAwsSDK: true,
      externalModules: [],
      minify: true,
      // Names of errors are part of the contract with the workflow.
      keepNames: true,
      logLevel: LogLevel.WARNING,
      sourceMap: true,
      sourceMapMode: SourceMapMode.DEFAULT,
      sourcesContent: false,
      // Bundled CommonJS asks for `require`; stack traces should name our files without a variable for it.
      banner:
        'import { createRequire } from "node:module"; const require = createRequire(import.meta.url); process.setSourceMapsEnabled(true);',
    },
  });
}

function statementsOf(scope: Construct, plan: FunctionPlan, logGroup: LogGroup): PolicyStatement[] {
  const { name, shape, configuration, resources } = plan;
  const grants = GRANTS[name];
  if (grants === undefined)
    throw new Error(`Function ${name} has no row in infra/permissions.ts; write down what it may do.`);
  const uses = (variable: Variable): boolean => shape.environment.includes(variable);
  return [
    mayWriteLogs(logGroup),
    ...(uses("ledgerUrl") ? mayUseLedger(resources.ledger, grants) : []),
    ...(uses("pagesQueueUrl") ? mayUsePages(resources, grants) : []),
    ...(shape.key === "none"
      ? []
      : mayReadKey(secretOf(configuration, shape.key), configuration.secretsKmsKeyArn)),
    ...(uses("executions") ? [mayLookUpRuns(Stack.of(scope), resources.stateMachineName)] : []),
    ...(name === "embedder" ? [mayTakeMessages(resources.pages, resources.isEmulator)] : []),
    ...(name === "live" && resources.events !== null
      ? [mayTakeMessages(resources.events, resources.isEmulator)]
      : []),
    ...(configuration.network === null ? [] : [mayJoinNetwork()]),
  ];
}

const secretOf = (configuration: Configuration, key: "manage" | "points"): string =>
  key === "manage" ? configuration.manageKeySecretArn : configuration.pointsKeySecretArn;

// One vCPU is 1,769 MiB; two threads under a quota of one vCPU cost a quarter of the rate.
const threadsOf = (memoryMiB: number): number => Math.max(1, Math.floor(memoryMiB / 1769));

/** Exactly the variables the contract lists for the function: a missing one would be found by the first run only. */
function environmentOf({ name, shape, configuration, resources }: FunctionPlan): Record<string, string> {
  const values: Partial<Record<Variable, string>> = {
    qdrantUrl: configuration.qdrantUrl,
    ledgerUrl: `s3://${resources.ledger.bucketName}`,
    pagesQueueUrl: resources.pages.queue.queueUrl,
    embeddingModel: configuration.embeddingModel,
    embeddingDimensions: String(configuration.embeddingDimensions),
    modelDir: MODEL_DIRECTORY_IN_IMAGE,
    concurrency: String(configuration.concurrency),
    executions: "states",
    embeddingThreads: String(threadsOf(configuration.embedderMemoryMiB)),
    metricsNamespace: namespaceOf(configuration.stackName),
    ...(shape.key === "none" ? {} : { qdrantApiKeySecret: secretOf(configuration, shape.key) }),
  };
  return Object.fromEntries(
    shape.environment.map((variable) => {
      const value = values[variable];
      if (value === undefined)
        throw new Error(`Function ${name} asks for ${ENV[variable]}, which this stack cannot give.`);
      return [ENV[variable], value];
    }),
  );
}

/** Pages to the embedder: a thrown error is a retry and makes Lambda slow down. */
export function feedEmbedder(
  scope: Construct,
  embedder: LambdaFunction,
  { pages, configuration }: { readonly pages: Resources["pages"]; readonly configuration: Configuration },
): EventSourceMapping {
  return new EventSourceMapping(scope, "PagesToEmbedder", {
    target: embedder,
    eventSourceArn: pages.queue.queueArn,
    batchSize: PAGES_QUEUE.batchSize,
    maxConcurrency: configuration.concurrency,
    // With partial responses on, Lambda goes on polling at full speed while everything fails.
    reportBatchItemFailures: false,
  });
}
