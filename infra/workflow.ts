import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { type IRole, PolicyDocument, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from "aws-cdk-lib/aws-stepfunctions";
import type { Construct } from "constructs";
import { accept, acknowledgeStars } from "./checks.ts";
import type { Configuration } from "./configuration.ts";
import { type Functions, functionNamed } from "./functions.ts";
import { allow } from "./permissions.ts";

/** The very file that one machine interprets; `${planner}` and the like stand for functions' ARNs. */
export const WORKFLOW_FILE = join(import.meta.dirname, "workflow.asl.json");

/** Names of the functions a definition invokes. */
export function functionsInvokedBy(definition: string): string[] {
  const tokens = [...definition.matchAll(/\$\{(\w+)\}/g)].map((match) => match[1] ?? "");
  return [...new Set(tokens)].sort();
}

export function createWorkflow(
  scope: Construct,
  configuration: Configuration,
  functions: Functions,
): StateMachine {
  const definition = readFileSync(WORKFLOW_FILE, "utf8");
  const arns = functionsInvokedBy(definition).map((name): [string, string] => {
    return [name, functionNamed(functions, name).lambda.functionArn];
  });
  const workflow = new StateMachine(scope, "Workflow", {
    // Known beforehand, because functions may look up its executions and it invokes them.
    stateMachineName: configuration.stackName,
    stateMachineType: StateMachineType.STANDARD,
    definitionBody: DefinitionBody.fromString(withTimeout(definition, configuration)),
    definitionSubstitutions: Object.fromEntries(arns),
    role: createRole(
      scope,
      arns.map(([, arn]) => arn),
    ),
    tracingEnabled: true,
    logs: {
      destination: new LogGroup(scope, "WorkflowLogs", {
        // This prefix keeps the policy of log delivery within its size limit however many state machines there are.
        logGroupName: `/aws/vendedlogs/states/${configuration.stackName}`,
        retention: configuration.logRetentionDays,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
      level: LogLevel.ERROR,
      includeExecutionData: false,
    },
  });
  accept(
    workflow,
    "AwsSolutions::AwsSolutions-SF1",
    "Every event is in the execution's history already; the log is for errors.",
  );
  return workflow;
}

// The construct's own `timeout` is not applied to a definition given as text.
function withTimeout(definition: string, { migrationTimeoutHours }: Configuration): string {
  const machine: object = JSON.parse(definition);
  const TimeoutSeconds = Duration.hours(migrationTimeoutHours).toSeconds();
  return JSON.stringify({ ...machine, TimeoutSeconds }, null, 2);
}

// AWS's own lists: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html and …/xray-iam.html
const DELIVER_LOGS = [
  "logs:CreateLogDelivery",
  "logs:GetLogDelivery",
  "logs:UpdateLogDelivery",
  "logs:DeleteLogDelivery",
  "logs:ListLogDeliveries",
  "logs:PutResourcePolicy",
  "logs:DescribeResourcePolicies",
  "logs:DescribeLogGroups",
];
const SEND_TRACES = [
  "xray:PutTraceSegments",
  "xray:PutTelemetryRecords",
  "xray:GetSamplingRules",
  "xray:GetSamplingTargets",
];

function createRole(scope: Construct, functionArns: readonly string[]): IRole {
  const statements = [
    // These versions of these functions: no star behind the ARN.
    allow("InvokeFunctions", ["lambda:InvokeFunction"], functionArns),
    allow("DeliverLogs", DELIVER_LOGS, ["*"]),
    allow("SendTraces", SEND_TRACES, ["*"]),
  ];
  const role = new Role(scope, "WorkflowRole", {
    assumedBy: new ServicePrincipal("states.amazonaws.com"),
    inlinePolicies: { Workflow: new PolicyDocument({ statements }) },
  });
  acknowledgeStars(role, statements);
  // The state machine would add the same once more, without names.
  return role.withoutPolicyUpdates();
}
