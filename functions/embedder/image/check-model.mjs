// Refuses to build an image without a model.
//   node check-model.mjs <directory with one directory a model>
import { readdirSync } from "node:fs";

const [directory] = process.argv.slice(2);
const models = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
if (models.length === 0)
  throw new Error(
    "The image needs a model and none was given: build with --build-context model=<directory with one directory a model>, or set modelDirectory in the configuration.",
  );
console.log(`models: ${models.map(({ name }) => name).join(", ")}`);
