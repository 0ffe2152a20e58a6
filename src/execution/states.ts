// In AWS an execution is a run of the state machine; its id is its ARN.
import { DescribeExecutionCommand, SFNClient } from "@aws-sdk/client-sfn";
import { errorNameOf, failureOf } from "../failure.ts";
import type { Executions } from "../migration/ports.ts";

export function openStatesExecutions(client = new SFNClient({})): Executions {
  return {
    async isOpen(owner) {
      try {
        const command = new DescribeExecutionCommand({ executionArn: owner });
        const { status } = await client.send(command);
        // Waiting for its redrive it will go on, with everything it held.
        return status === "RUNNING" || status === "PENDING_REDRIVE";
      } catch (error) {
        // Executions are forgotten 90 days after their end.
        if (errorNameOf(error) === "ExecutionDoesNotExist") return false;
        throw failureOf(error, `Asking whether execution ${owner} still runs`);
      }
    },
  };
}
