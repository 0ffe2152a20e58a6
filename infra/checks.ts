// Rules the template is held to, and each exception with its reason: cdk-nag's AwsSolutions at synthesis; CDK's own
// rules by the flag `validateAgainstDefaultRules` in cdk.json.
import { type App, Stack, Validations } from "aws-cdk-lib";
import type { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { AwsSolutionsChecks } from "cdk-nag";
import type { IConstruct } from "constructs";

export function addChecks(app: App): void {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
}

/** Why a statement of this name has a star in its resource. A star in any other statement fails the synthesis. */
const STARS: Readonly<Record<string, string>> = {
  ReadLedger:
    "The names of migrations, ranges and pages are made at run time; the bucket holds nothing else.",
  WriteLedger: "The names of migrations, ranges and pages are made at run time; nothing can be deleted.",
  LookUpRuns: "Executions get their names when they are started; the state machine is this stack's own.",
  JoinNetwork: "EC2 takes no narrower resource for the network interfaces of functions in a VPC.",
  DeliverLogs: "Log delivery takes no narrower resource; the log group itself is named in the state machine.",
  SendTraces: "X-Ray takes no resource.",
};

/** Accepts the stars of exactly these statements, one finding at a time. */
export function acknowledgeStars(role: IConstruct, statements: readonly PolicyStatement[]): void {
  for (const statement of statements)
    for (const resource of statement.resources.map((arn) => findingText(Stack.of(role).resolve(arn)))) {
      const reason = STARS[statement.sid ?? ""];
      if (!resource.includes("*") || reason === undefined) continue;
      accept(role, `AwsSolutions::AwsSolutions-IAM5[Resource::${resource}]`, reason);
    }
}

export function accept(construct: IConstruct, id: string, reason: string): void {
  Validations.of(construct).acknowledge({ id, reason });
}

/** A resource as cdk-nag spells it in a finding: references in angle brackets. */
function findingText(resource: unknown): string {
  if (typeof resource !== "object" || resource === null) return String(resource);
  const [[kind, value] = ["", undefined]] = Object.entries(resource);
  if (kind === "Ref") return `<${value}>`;
  if (kind === "Fn::GetAtt") return `<${value.join(".")}>`;
  if (kind === "Fn::Join") return value[1].map(findingText).join(value[0]);
  throw new Error(`A policy's resource is written with ${kind}, which infra/checks.ts cannot read yet.`);
}
