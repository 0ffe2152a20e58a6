import assert from "node:assert/strict";
import { test } from "node:test";
import { SFNClient } from "@aws-sdk/client-sfn";
import { openStatesExecutions } from "../../src/execution/states.ts";
import { ScriptedService } from "../support/scripted-service.ts";

const ARN = "arn:aws:states:eu-central-1:123456789012:execution:remaster:one";

const answer = (body: object, status = 200) => ({
  status,
  body: JSON.stringify(body),
  headers: { "content-type": "application/x-amz-json-1.0" },
});

async function ask(service: ScriptedService): Promise<boolean> {
  return openStatesExecutions(new SFNClient({ ...service.settings, maxAttempts: 1 })).isOpen(ARN);
}

for (const [status, isOpen] of [
  ["RUNNING", true],
  ["PENDING_REDRIVE", true],
  ["SUCCEEDED", false],
  ["FAILED", false],
  ["TIMED_OUT", false],
  ["ABORTED", false],
] as const)
  test(`an execution that is ${status} is ${isOpen ? "open" : "closed"}`, async () => {
    await using service = await ScriptedService.start([answer({ executionArn: ARN, status })]);

    assert.equal(await ask(service), isOpen);
    assert.equal(JSON.parse(service.requests[0]?.body ?? "").executionArn, ARN);
  });

test("an execution that was forgotten is closed", async () => {
  await using service = await ScriptedService.start([answer({ __type: "ExecutionDoesNotExist" }, 400)]);

  assert.equal(await ask(service), false);
});

test("whoever cannot tell does not say closed", async () => {
  await using service = await ScriptedService.start([
    answer({ __type: "AccessDeniedException" }, 403),
    answer({}, 500),
    answer({ __type: "ThrottlingException" }, 400),
  ]);

  await assert.rejects(ask(service), { name: "ConfigError" });
  await assert.rejects(ask(service), { name: "TransientError" });
  await assert.rejects(ask(service), { name: "TransientError" });
});
