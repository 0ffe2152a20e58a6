// `remaster qdrant` as a process of its own, for tests that kill it: node serve.ts qdrant --port 0 --data DIR
import { Command } from "commander";
import { qdrantCommand } from "../../../bin/qdrant.ts";

await new Command("remaster").addCommand(qdrantCommand()).parseAsync();
