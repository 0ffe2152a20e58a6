#!/usr/bin/env node
// The command line. Every verb is an input of the same workflow that is deployed.
import { Command, CommanderError } from "commander";
import packageJson from "../package.json" with { type: "json" };
import { demoCommand } from "./demo.ts";
import { embedCommand } from "./embed.ts";
import { eventsCommand } from "./events.ts";
import { EXIT, exitCodeOf, sentenceOf } from "./exit.ts";
import { modelCommand } from "./model.ts";
import { qdrantCommand } from "./qdrant.ts";
import { queryCommand } from "./query.ts";
import { verbCommands } from "./verbs.ts";

function program(): Command {
  const root = new Command("remaster")
    .description(packageJson.description)
    .version(packageJson.version)
    .showHelpAfterError("(remaster --help lists every verb and flag)")
    .exitOverride();
  const others = [queryCommand(), eventsCommand(), qdrantCommand(), embedCommand(), modelCommand()];
  // exitOverride is inherited only by commands made through `.command`.
  for (const command of [...verbCommands(), ...others, demoCommand()]) root.addCommand(overrideExit(command));
  return root;
}

function overrideExit(command: Command): Command {
  for (const inner of command.commands) overrideExit(inner);
  return command.exitOverride().showHelpAfterError("(remaster --help lists every verb and flag)");
}

try {
  await program().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  else {
    process.stderr.write(`${sentenceOf(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}
