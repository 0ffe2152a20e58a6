import { Stack } from "aws-cdk-lib";
import { PolicyDocument, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Schedule, ScheduleExpression, ScheduleTargetInput } from "aws-cdk-lib/aws-scheduler";
import { StepFunctionsStartExecution } from "aws-cdk-lib/aws-scheduler-targets";
import type { StateMachine } from "aws-cdk-lib/aws-stepfunctions";
import type { Construct } from "constructs";
import type { Configuration } from "./configuration.ts";
import { allow } from "./permissions.ts";

/** Starts the workflow regularly, e.g. a nightly `verify`, where the configuration asks for it. */
export function createSchedule(
  scope: Construct,
  { schedule, stackName }: Configuration,
  workflow: StateMachine,
): void {
  if (schedule === null) return;
  const role = new Role(scope, "ScheduleRole", {
    // Only this account's schedules: the service acts for many.
    assumedBy: new ServicePrincipal("scheduler.amazonaws.com", {
      conditions: { StringEquals: { "aws:SourceAccount": Stack.of(scope).account } },
    }),
    inlinePolicies: {
      Start: new PolicyDocument({
        statements: [allow("StartWorkflow", ["states:StartExecution"], [workflow.stateMachineArn])],
      }),
    },
  });
  new Schedule(scope, "Schedule", {
    scheduleName: stackName,
    schedule: ScheduleExpression.expression(schedule.expression),
    target: new StepFunctionsStartExecution(workflow, {
      role: role.withoutPolicyUpdates(),
      input: ScheduleTargetInput.fromObject(schedule.input),
    }),
  });
}
