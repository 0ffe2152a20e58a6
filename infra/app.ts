// `cdk synth` and `cdk deploy` start here.
import { App } from "aws-cdk-lib";
import { addChecks } from "./checks.ts";
import { readSettings, refuseDeployment } from "./settings.ts";
import { RemasterStack } from "./stack.ts";

const app = new App();
const { configuration, notice } = readSettings(app.node.getAllContext());
addChecks(app);
const stack = new RemasterStack(app, configuration);
if (notice !== null) {
  console.error(notice);
  refuseDeployment(stack, notice);
}
