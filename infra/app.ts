// `cdk synth` and `cdk deploy` start here.
import { App } from "aws-cdk-lib";
import { addChecks } from "./checks.ts";
import { readSettings } from "./settings.ts";
import { RemasterStack } from "./stack.ts";

const app = new App();
const { configuration, notice } = readSettings(app.node.getAllContext());
if (notice !== null) console.error(notice);
addChecks(app);
new RemasterStack(app, configuration);
