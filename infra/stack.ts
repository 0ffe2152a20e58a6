import { CfnOutput, Stack, type StackProps, Tags } from "aws-cdk-lib";
import type { Construct } from "constructs";
import type { Configuration } from "./configuration.ts";
import { createFunctions, feedEmbedder } from "./functions.ts";
import { createLedger } from "./ledger.ts";
import { importNetwork } from "./network.ts";
import { createPagesQueue } from "./queues.ts";
import { createWorkflow } from "./workflow.ts";

/** One deployment of Remaster: DESIGN §9, top to bottom. */
export class RemasterStack extends Stack {
  constructor(scope: Construct, configuration: Configuration) {
    super(scope, configuration.stackName, stackProps(configuration));
    const { stackName, isEmulator } = configuration;
    const ledger = createLedger(this, configuration);
    const pages = createPagesQueue(this, stackName);
    const network = importNetwork(this, configuration);
    const functions = createFunctions(this, configuration, {
      ledger,
      pages,
      network,
      stateMachineName: stackName,
      isEmulator,
    });
    const embedder = functions.get("embedder");
    if (embedder === undefined) throw new Error("src/contract.ts has no embedder. This is a bug.");
    feedEmbedder(this, embedder, { pages, configuration });
    const workflow = createWorkflow(this, configuration, functions);

    const output = (name: string, value: string, description: string): void => {
      new CfnOutput(this, name, { value, description });
    };
    output("StateMachineArn", workflow.stateMachineArn, "Start executions of this with the JSON of docs/");
    output("PagesQueueUrl", pages.queue.queueUrl, "Pages waiting for the embedder");
    output("PagesDeadLettersUrl", pages.deadLetters.queueUrl, "Pages nobody could treat");
    output("LedgerBucket", ledger.bucketName, "What was planned, done and decided");
    output(
      "ConsoleLink",
      `https://${this.region}.console.aws.amazon.com/states/home?region=${this.region}#/statemachines/view/${workflow.stateMachineArn}`,
      "The workflow in the console",
    );
    for (const [tag, value] of Object.entries({ application: "remaster", ...configuration.costTags }))
      Tags.of(this).add(tag, value);
  }
}

function stackProps({ account, region }: Configuration): StackProps {
  return {
    description: "Remaster: moves a live Qdrant collection to a better embedding model.",
    env: { ...(account === null ? {} : { account }), ...(region === null ? {} : { region }) },
  };
}
