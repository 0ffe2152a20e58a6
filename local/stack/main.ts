// npm run stack:local [-- --url http://127.0.0.1:6333]
// Keeps the deployed stack running on this machine until Ctrl-C, and says how to speak with it.
import { once } from "node:events";
import { parseArgs } from "node:util";
import { startQdrant } from "../qdrant/server.ts";
import { whyNoEmulator } from "./emulator.ts";
import { startLocalStack } from "./stack.ts";

const say = (line: string): void => console.log(line);
const { values } = parseArgs({ options: { url: { type: "string" } } });

say("Looking for the emulator of AWS (the first time it is installed into .remaster/stack) ...");
const why = whyNoEmulator();
if (why !== null) {
  say(`The stack cannot run here: ${why}. Everything else works without it: npm start, npm test.`);
  process.exitCode = 1;
} else {
  await using open = new AsyncDisposableStack();
  const qdrantUrl = values.url ?? open.use(await startQdrant({ port: 0 })).url;
  const { emulator, deployment } = open.use(await startLocalStack({ qdrantUrl, processes: 2, say }));
  const { AWS_ENDPOINT_URL, AWS_CA_BUNDLE } = emulator.environment;
  say(`Qdrant         ${qdrantUrl}
State machine  ${deployment.stateMachineArn}
Pages queue    ${deployment.pagesQueueUrl}
Live events    ${deployment.liveQueueUrl}
Ledger         s3://${deployment.ledgerBucket}

In another shell:
  export AWS_ENDPOINT_URL=${AWS_ENDPOINT_URL} AWS_CA_BUNDLE=${AWS_CA_BUNDLE}
  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1
  aws stepfunctions start-execution --state-machine-arn ${deployment.stateMachineArn} \\
    --input '{"action": "inspect", "collection": "<name>"}'

Ctrl-C ends it.`);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
}
