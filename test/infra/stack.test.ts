import assert from "node:assert/strict";
import { test } from "node:test";
import { Match } from "aws-cdk-lib/assertions";
import { ENV, FUNCTIONS, PAGES_QUEUE } from "../../src/contract.ts";
import { propertiesOf, synthesize } from "./synthesized.ts";

const { template } = synthesize();
const functions = propertiesOf(template, "AWS::Lambda::Function");
const queues = propertiesOf(template, "AWS::SQS::Queue");

const functionNamed = (name: string) => {
  const found = [...functions.values()].find(({ FunctionName }) => FunctionName === `remaster-${name}`);
  assert.ok(found, `function ${name} is in the template`);
  return found;
};

test("every function of the contract is deployed, with its time and memory, and no other", () => {
  assert.equal(functions.size, Object.keys(FUNCTIONS).length);
  for (const [name, shape] of Object.entries(FUNCTIONS)) {
    const { Timeout, MemorySize, PackageType = "Zip" } = functionNamed(name);
    assert.deepEqual(
      { Timeout, MemorySize, PackageType },
      {
        Timeout: shape.timeoutSeconds,
        MemorySize: shape.memoryMiB,
        PackageType: shape.image ? "Image" : "Zip",
      },
    );
  }
});

test("a function is given exactly the variables the contract lists", () => {
  for (const [name, shape] of Object.entries(FUNCTIONS)) {
    const given = Object.keys(functionNamed(name).Environment.Variables);
    assert.deepEqual(given.sort(), shape.environment.map((variable) => ENV[variable]).sort());
  }
});

test("no variable holds an API key", () => {
  for (const properties of functions.values())
    assert.equal(ENV.qdrantApiKey in properties.Environment.Variables, false);
});

test("every queue has a dead-letter queue or is one, and keeps messages for 14 days", () => {
  const deadLetters = new Set(
    [...queues.values()].flatMap(({ RedrivePolicy }) =>
      RedrivePolicy === undefined ? [] : [RedrivePolicy.deadLetterTargetArn["Fn::GetAtt"][0]],
    ),
  );

  for (const [id, { RedrivePolicy, MessageRetentionPeriod, SqsManagedSseEnabled }] of queues) {
    assert.ok(RedrivePolicy !== undefined || deadLetters.has(id), `${id} has dead letters`);
    assert.equal(MessageRetentionPeriod, 14 * 24 * 3600);
    assert.equal(SqsManagedSseEnabled, true);
  }
});

test("every event source mapping's queue hides a message six times as long as its function may run", () => {
  const { template } = synthesize({ shapes: { ...FUNCTIONS, live: FUNCTIONS.embedder } });
  const mappings = [...propertiesOf(template, "AWS::Lambda::EventSourceMapping").values()];
  const allQueues = propertiesOf(template, "AWS::SQS::Queue");
  const allFunctions = propertiesOf(template, "AWS::Lambda::Function");

  assert.equal(mappings.length, 2);
  for (const mapping of mappings) {
    const queue = allQueues.get(mapping.EventSourceArn["Fn::GetAtt"][0]);
    const target = allFunctions.get(mapping.FunctionName.Ref);
    assert.ok(queue?.VisibilityTimeout >= 6 * target?.Timeout);
  }
});

test("pages reach the embedder one by one, with no partial responses", () => {
  const { template } = synthesize({ options: { concurrency: 77 } });

  template.hasResourceProperties("AWS::Lambda::EventSourceMapping", {
    BatchSize: PAGES_QUEUE.batchSize,
    ScalingConfig: { MaximumConcurrency: 77 },
    FunctionResponseTypes: Match.absent(),
  });
});

test("queues, topic and bucket refuse connections without TLS", () => {
  for (const type of ["AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::S3::BucketPolicy"])
    for (const { PolicyDocument } of propertiesOf(template, type).values())
      assert.ok(
        PolicyDocument.Statement.some(
          ({ Effect, Condition }: { Effect: string; Condition?: { Bool?: Record<string, string> } }) =>
            Effect === "Deny" && Condition?.Bool?.["aws:SecureTransport"] === "false",
        ),
        type,
      );
  assert.equal(propertiesOf(template, "AWS::SQS::QueuePolicy").size, queues.size);
});

test("the ledger is private, encrypted, versioned and outlives the stack", () => {
  template.hasResource("AWS::S3::Bucket", {
    DeletionPolicy: "Retain",
    UpdateReplacePolicy: "Retain",
    Properties: {
      BucketName: Match.absent(),
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      BucketEncryption: Match.anyValue(),
      VersioningConfiguration: { Status: "Enabled" },
    },
  });
});

test("the workflow logs errors without what was said in them, is traced and has an end", () => {
  template.hasResourceProperties("AWS::StepFunctions::StateMachine", {
    StateMachineType: "STANDARD",
    StateMachineName: "remaster",
    LoggingConfiguration: { Level: "ERROR", IncludeExecutionData: false },
    TracingConfiguration: { Enabled: true },
  });
});

test("every log group forgets after the configured time", () => {
  const { template } = synthesize({ options: { logRetentionDays: "7" } });
  const groups = [...propertiesOf(template, "AWS::Logs::LogGroup").values()];

  assert.equal(groups.length, Object.keys(FUNCTIONS).length + 1);
  for (const { RetentionInDays } of groups) assert.equal(RetentionInDays, 7);
});

test("two stacks of one account have no name in common", () => {
  const named = (stackName: string): string[] => {
    const { template } = synthesize({ options: { stackName } });
    const names = ["FunctionName", "QueueName", "LogGroupName", "StateMachineName", "TopicName", "AlarmName"];
    const resources: Record<string, { Properties?: Record<string, unknown> }> = template.toJSON().Resources;
    return Object.values(resources).flatMap(({ Properties = {} }) =>
      names.flatMap((name) => (typeof Properties[name] === "string" ? [Properties[name]] : [])),
    );
  };

  const first = named("remaster");
  const second = new Set(named("staging"));

  assert.ok(first.length > 15);
  assert.deepEqual(
    first.filter((name) => second.has(name)),
    [],
  );
});

test("live events and queries appear with their functions in the contract", () => {
  const { template } = synthesize({
    shapes: { ...FUNCTIONS, live: FUNCTIONS.embedder, query: FUNCTIONS.embedder },
  });

  template.resourceCountIs("AWS::SQS::Queue", 4);
  template.resourceCountIs("AWS::Events::Rule", 1);
  template.hasResourceProperties("AWS::Lambda::Url", { AuthType: "AWS_IAM" });
  template.hasResourceProperties("AWS::Lambda::EventSourceMapping", {
    FunctionResponseTypes: ["ReportBatchItemFailures"],
  });
  template.hasResourceProperties("AWS::Lambda::Function", {
    ImageConfig: { Command: ["functions/live/handler.handler"] },
  });
});

test("the embedder has a thread for each whole vCPU its memory buys", () => {
  for (const [memory, threads] of [
    [1024, "1"],
    [1769, "1"],
    [3538, "2"],
    [10_240, "5"],
  ] as const) {
    const { template } = synthesize({ options: { embedderMemoryMiB: memory } });

    template.hasResourceProperties("AWS::Lambda::Function", {
      MemorySize: memory,
      Environment: { Variables: { [ENV.embeddingThreads]: threads } },
    });
  }
});

test("architecture, network, schedule and recipients are options", () => {
  const { template, violations } = synthesize({
    isChecked: true,
    options: {
      architecture: "arm64",
      network: {
        vpcId: "vpc-0a1b2c3d",
        subnetIds: ["subnet-0a1b2c3d"],
        securityGroupIds: ["sg-0a1b2c3d"],
      },
      schedule: { expression: "rate(1 day)", input: { action: "verify", collection: "memories" } },
      notifyEmails: ["ops@example.com"],
      costTags: { team: "memory" },
    },
  });

  assert.deepEqual(violations, []);
  for (const { Architectures, VpcConfig } of propertiesOf(template, "AWS::Lambda::Function").values()) {
    assert.deepEqual(Architectures, ["arm64"]);
    assert.deepEqual(VpcConfig, { SecurityGroupIds: ["sg-0a1b2c3d"], SubnetIds: ["subnet-0a1b2c3d"] });
  }
  template.hasResourceProperties("AWS::Scheduler::Schedule", { ScheduleExpression: "rate(1 day)" });
  template.hasResourceProperties("AWS::SNS::Subscription", { Endpoint: "ops@example.com" });
  template.hasResourceProperties("AWS::S3::Bucket", {
    Tags: Match.arrayWith([{ Key: "team", Value: "memory" }]),
  });
});
