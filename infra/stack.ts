import { CfnOutput, Stack, type StackProps, Tags } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { FUNCTIONS } from "../src/contract.ts";
import { createAlarms } from "./alarms.ts";
import type { Configuration } from "./configuration.ts";
import { createDashboard } from "./dashboard.ts";
import { createFunctions, feedEmbedder, functionNamed, type Shapes } from "./functions.ts";
import { createLedger } from "./ledger.ts";
import { createLiveQueue, feedLive, openQuery } from "./live.ts";
import { metricsOf } from "./metrics.ts";
import { importNetwork } from "./network.ts";
import { createPagesQueue } from "./queues.ts";
import { createSchedule } from "./schedule.ts";
import { createWorkflow } from "./workflow.ts";

/** One deployment of Remaster: DESIGN §9, top to bottom. */
export class RemasterStack extends Stack {
  constructor(scope: Construct, configuration: Configuration, shapes: Shapes = FUNCTIONS) {
    super(scope, configuration.stackName, propsOf(configuration));
    const { stackName, isEmulator } = configuration;

    const ledger = createLedger(this, configuration);
    const pages = createPagesQueue(this, stackName);
    const events =
      shapes.live === undefined ? null : createLiveQueue(this, stackName, shapes.live.timeoutSeconds);
    const network = importNetwork(this, configuration);
    const resources = { ledger, pages, events, network, stateMachineName: stackName, isEmulator };
    const functions = createFunctions(this, shapes, { configuration, resources });
    const embedder = functionNamed(functions, "embedder");
    feedEmbedder(this, embedder.lambda, { pages, configuration });
    if (events !== null)
      feedLive(this, configuration, { live: functionNamed(functions, "live").lambda, events });
    if (shapes.query !== undefined) openQuery(this, functionNamed(functions, "query").lambda);
    const workflow = createWorkflow(this, configuration, functions);
    createSchedule(this, configuration, workflow);

    const watched = { pages, events, workflow, points: metricsOf(stackName) };
    const alarms = createAlarms(this, configuration, watched);
    createDashboard(this, stackName, { ...watched, alarms, embedder: embedder.lambda });

    for (const [tag, value] of Object.entries({ application: "remaster", ...configuration.costTags }))
      Tags.of(this).add(tag, value);
    const output = (name: string, value: string, description: string): CfnOutput =>
      new CfnOutput(this, name, { value, description });
    output("StateMachineArn", workflow.stateMachineArn, "Start executions of this with the JSON of docs/");
    output("PagesQueueUrl", pages.queue.queueUrl, "Pages waiting for the embedder");
    output("PagesDeadLettersUrl", pages.deadLetters.queueUrl, "Pages nobody could treat");
    output("LedgerBucket", ledger.bucketName, "What was planned, done and decided");
    output(
      "ConsoleLink",
      `https://${this.region}.console.aws.amazon.com/states/home?region=${this.region}#/statemachines/view/${workflow.stateMachineArn}`,
      "The workflow in the console",
    );
  }
}

function propsOf({ account, region }: Configuration): StackProps {
  return {
    description: "Remaster: moves a live Qdrant collection to a better embedding model.",
    env: { ...(account === null ? {} : { account }), ...(region === null ? {} : { region }) },
  };
}
