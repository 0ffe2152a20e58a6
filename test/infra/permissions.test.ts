import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Stack } from "aws-cdk-lib";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { EXAMPLE } from "../../infra/configuration.ts";
import { GRANTS } from "../../infra/permissions.ts";
import { FUNCTIONS } from "../../src/contract.ts";
import { propertiesOf, ROOT, synthesize } from "./synthesized.ts";

interface Statement {
  readonly Sid: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

const { template, acknowledged, violations } = synthesize({ isChecked: true });

const listOf = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T]);
const actionsOf = (statement: Statement): readonly string[] => listOf(statement.Action);

/** Statements of every role by the role's logical id without its hash. */
const roles: ReadonlyMap<string, readonly Statement[]> = new Map(
  [...propertiesOf(template, "AWS::IAM::Role")].map(([id, { Policies }]) => [
    id.slice(0, -8),
    Policies.flatMap(
      ({ PolicyDocument }: { PolicyDocument: { Statement: Statement[] } }) => PolicyDocument.Statement,
    ),
  ]),
);

const statementsOf = (name: string): readonly Statement[] =>
  roles.get(`${name[0]?.toUpperCase()}${name.slice(1)}Role`) ?? [];

const statementNamed = (name: string, sid: string): Statement | undefined =>
  statementsOf(name).find(({ Sid }) => Sid === sid);

// AWS gives these calls no resource to name: https://docs.aws.amazon.com/service-authorization/latest/reference/
const FORCED_STARS: readonly string[] = ["DeliverLogs", "SendTraces", "JoinNetwork"];

test("every statement is written in this repository: it has a name, and no role has a managed policy", () => {
  assert.equal(roles.size, Object.keys(FUNCTIONS).length + 1);
  for (const statements of roles.values()) for (const { Sid } of statements) assert.match(Sid, /^[A-Z]\w+$/);
  for (const { ManagedPolicyArns } of propertiesOf(template, "AWS::IAM::Role").values())
    assert.equal(ManagedPolicyArns, undefined);
  template.resourceCountIs("AWS::IAM::Policy", 0);
});

test("no action has a star, and a resource is a star only where AWS takes nothing else", () => {
  const { template } = synthesize({
    options: {
      network: { vpcId: "vpc-0a1b2c3d", subnetIds: ["subnet-0a1b2c3d"], securityGroupIds: ["sg-0a1b2c3d"] },
    },
  });
  for (const { Policies } of propertiesOf(template, "AWS::IAM::Role").values())
    for (const { PolicyDocument } of Policies)
      for (const statement of PolicyDocument.Statement) {
        for (const action of actionsOf(statement)) assert.doesNotMatch(action, /\*/);
        for (const resource of listOf(statement.Resource))
          if (resource === "*") assert.ok(FORCED_STARS.includes(statement.Sid), statement.Sid);
      }
});

test("nobody may delete anything but a message it was handed", () => {
  for (const statements of roles.values())
    for (const action of statements.flatMap(actionsOf))
      if (/Delete|Purge/.test(action))
        assert.ok(["sqs:DeleteMessage", "logs:DeleteLogDelivery"].includes(action), action);
});

test("a function may read the one secret the contract gives it", () => {
  const arns = { manage: EXAMPLE.manageKeySecretArn, points: EXAMPLE.pointsKeySecretArn, none: undefined };
  for (const [name, { key }] of Object.entries(FUNCTIONS))
    assert.equal(statementNamed(name, "ReadApiKey")?.Resource, arns[key]);
});

test("a function may use the ledger, the queue and the list of runs only when it is told where they are", () => {
  const sids = {
    ledgerUrl: ["ReadLedger", "WriteLedger", "ListLedger"],
    pagesQueueUrl: ["SendPages", "CountPages"],
    executions: ["LookUpRuns"],
  } as const;
  for (const [name, { environment }] of Object.entries(FUNCTIONS))
    for (const [variable, forbidden] of Object.entries(sids))
      if (!environment.some((given) => given === variable))
        for (const sid of forbidden) assert.equal(statementNamed(name, sid), undefined, `${name} ${sid}`);
});

test("only embedder and live take messages; the embedder writes records and nothing else", () => {
  const takers = [...roles].filter(([, statements]) => statements.some(({ Sid }) => Sid === "TakeMessages"));

  assert.deepEqual(
    takers.map(([role]) => role),
    ["EmbedderRole", "LiveRole"],
  );
  assert.match(JSON.stringify(statementNamed("embedder", "WriteLedger")?.Resource), /\/records\/\*"/);
});

test("the query function reads locks and plans, and writes nothing", () => {
  const reads = JSON.stringify(statementNamed("query", "ReadLedger")?.Resource);

  assert.match(reads, /\/locks\/\*"/);
  assert.match(reads, /\/migrations\/\*\/plan\.json"/);
  assert.doesNotMatch(reads, /\/migrations\/\*"/);
  for (const sid of ["WriteLedger", "SendPages", "TakeMessages"])
    assert.equal(statementNamed("query", sid), undefined, sid);
});

test("what a function writes it may read, because a conditional write reads", () => {
  const covers = (pattern: string, key: string): boolean => key.startsWith(pattern.replace(/\*$/, ""));
  for (const [name, { reads, writes }] of Object.entries(GRANTS))
    for (const key of writes)
      assert.ok(
        reads.some((pattern) => covers(pattern, key)),
        `${name} ${key}`,
      );
});

test("every key of the ledger is somebody's to write", () => {
  const keys = join(ROOT, "src/migration/keys.ts");
  const text = readFileSync(keys, "utf8");
  const folders = [...text.matchAll(/\/(\w+\.json|pages|records|folds|verify)\b/g)].map(
    (match) => match[1] ?? "",
  );
  const writes = Object.values(GRANTS).flatMap((grants) => grants.writes);

  assert.ok(folders.length > 5);
  for (const folder of folders)
    assert.ok(
      writes.some((pattern) => pattern.includes(`/${folder.replace("report.json", "report.")}`)),
      folder,
    );
});

test("the workflow may invoke the functions its definition names, without versions or aliases", () => {
  const invoke = roles.get("WorkflowRole")?.find(({ Sid }) => Sid === "InvokeFunctions");

  assert.deepEqual(invoke?.Action, "lambda:InvokeFunction");
  for (const resource of listOf(invoke?.Resource))
    assert.match(JSON.stringify(resource), /^\{"Fn::GetAtt":\["\w+","Arn"\]\}$/);
});

test("SQS's batch calls are granted under their own names to emulators only", () => {
  const { template } = synthesize({ options: { isEmulator: true, qdrantUrl: "http://127.0.0.1:6333" } });

  assert.match(
    JSON.stringify(template.toJSON()),
    /sqs:SendMessageBatch.*sqs:DeleteMessageBatch|sqs:DeleteMessageBatch.*sqs:SendMessageBatch/,
  );
  assert.doesNotMatch(JSON.stringify([...roles.values()]), /Batch/);
});

test("cdk-nag and the CDK's own rules find nothing, and each exception has a reason", () => {
  assert.deepEqual(violations, []);
  assert.ok(acknowledged.length > 0);
  for (const { ruleName, reason } of acknowledged) assert.ok((reason ?? "").length > 20, ruleName);
});

test("a star without a reason stops the synthesis", () => {
  const change = (stack: Stack): void => {
    const role = new Role(stack, "Careless", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    role.addToPolicy(new PolicyStatement({ actions: ["s3:GetObject"], resources: ["*"] }));
  };

  assert.throws(() => synthesize({ change, isChecked: true }), /Validation failed/);
});
