// The verbs that are inputs of the workflow.
import { Command, InvalidArgumentError, Option } from "commander";
import { readCommandLineConfig } from "../src/config.ts";
import { DEFAULTS } from "../src/defaults.ts";
import { ConfigError } from "../src/migration/errors.ts";
import { EMPTY_TEXT, LAYOUTS } from "../src/migration/request.ts";
import { type MachineFlags, runVerb, type WorkflowInput } from "./run.ts";

interface VerbFlags extends MachineFlags {
  readonly collection?: string;
  readonly allCollections?: boolean;
  readonly prefix: string;
}

interface MigrateFlags extends VerbFlags {
  readonly model?: string;
  readonly sourceModel?: string;
  readonly textKey?: string[];
  readonly textTemplate?: string;
  readonly emptyText?: string;
  readonly target?: string;
  readonly vector?: string;
  readonly layout?: string;
  readonly newVector?: string;
  readonly takeOverName?: boolean;
  readonly queries?: string;
  readonly scoreThreshold?: readonly number[];
  readonly batchSize?: number;
  readonly keepOldHours?: number;
  readonly dryRun?: boolean;
  readonly cutover?: boolean;
  readonly deleteOld?: boolean;
}

interface ActFlags extends VerbFlags {
  readonly overrideBy?: string;
  readonly overrideWhy?: string;
  readonly confirm?: string;
  readonly snapshot?: boolean;
  readonly dropOldVector?: boolean;
  readonly fence?: number;
}

export function verbCommands(): readonly Command[] {
  return [
    verb("inspect", "look at a collection: vectors, text, aliases; changes nothing"),
    migrateFlags(
      verb("plan", "say what a migration would do, how long and how much; changes nothing"),
    ).action((flags: MigrateFlags) => runVerb("plan", flags, migrateInput({ ...flags, dryRun: true }))),
    migrateVerb(),
    verb("status", "say how a migration stands, from the ledger"),
    verb("verify", "compare every id, payload and vector of both sides; repairs nothing"),
    overridable(verb("cutover", "move the readers' names to the new collection")),
    overridable(verb("rollback", "move the readers' names back, with everything written since")),
    overridable(verb("cleanup", "delete the old collection, if nothing speaks against it"))
      .option("--confirm <name>", "repeat the old collection's name to delete it before its time")
      .option("--snapshot", "take a snapshot of the old collection first, on the server's disk")
      .option(
        "--drop-old-vector",
        "of a bridge whose old collection is gone: take the old vector away (--confirm repeats the new collection's name)",
      ),
    verb("pause", "stop embedding until resume"),
    verb("resume", "go on after pause"),
    verb("abort", "end a migration; the old collection and its names stay as they are"),
    verb("redrive", "go on where a run stopped, sending what is missing"),
  ];
}

function verb(name: string, description: string): Command {
  const command = new Command(name)
    .description(description)
    .option("-c, --collection <name>", "collection or alias, or a prefix ending in *")
    .option("--all-collections", "every collection with the prefix")
    .option("--prefix <prefix>", "prefix for --all-collections", DEFAULTS.collectionPrefix);
  return machineFlags(command).action((flags: ActFlags) => runVerb(name, flags, actInput(name, flags)));
}

function machineFlags(command: Command): Command {
  return command
    .option("--url <url>", "address of Qdrant", readCommandLineConfig().qdrantUrl)
    .option("--api-key-env <name>", "environment variable that holds Qdrant's API key", "QDRANT_API_KEY")
    .option("--ledger <dir>", "folder of the ledger (default: .remaster/<host and port>)")
    .option("--concurrency <n>", "embedders side by side", wholeNumber(1, 256))
    .option("--report <dir>", "write report.html and report.json there")
    .option(
      "--report-texts",
      "put the searches' and the found memories' texts into it too: keep that report where the memories may be",
    )
    .option("--json", "print one machine-readable line at the end, everything else to standard error");
}

function overridable(command: Command): Command {
  return command
    .option(
      "--fence <seconds>",
      `stop upserts for at most so long (${DEFAULTS.fenceSecondsMin} or more) until the names have moved`,
      wholeNumber(0, DEFAULTS.fenceSecondsMax),
    )
    .option("--override-by <who>", "go on although a guard says no: who decides")
    .option("--override-why <reason>", "… and why; both are kept in the report");
}

function migrateFlags(command: Command): Command {
  return command
    .option("--model <name>", "model of the new vectors (default: EMBEDDING_MODEL, else bge-base-en-v1.5)")
    .option("--source-model <name>", "model of the old vectors, to be proven")
    .option("--text-key <key...>", `payload key of the text (default: ${DEFAULTS.textKey})`)
    .option("--text-template <template>", "several keys in one text: '{title}: {content}'")
    .addOption(new Option("--empty-text <what>", "points without text").choices(EMPTY_TEXT))
    .option("--target <name>", "name of the new collection (default: <name>_<dimensions>d)")
    .option("--vector <name>", "which vector is embedded again, when there are several")
    .addOption(
      new Option(
        "--layout <layout>",
        "replace the vector, or keep the old one beside it for readers of the old model",
      ).choices(LAYOUTS),
    )
    .option("--new-vector <name>", "name of the new vector in a bridge (default: the model's short name)")
    .option(
      "--take-over-name",
      "readers use the collection's own name: the new collection takes it over at the swap (docs/names.md)",
    )
    .option("--queries <file>", "your own queries with relevant ids, JSON lines (docs/quality.md)")
    .option(
      "--score-threshold <score>",
      "a score your readers filter by, to be translated for the new model; repeatable",
      scores,
    )
    .option("--batch-size <points>", "points a page", wholeNumber(1, DEFAULTS.pageSizePointsMax))
    .option("--keep-old-hours <hours>", "how long cleanup refuses after the swap", wholeNumber(0, 8760));
}

function migrateVerb(): Command {
  return migrateFlags(verb("migrate", "make the new collection, prove it, and stop before the swap"))
    .option("--dry-run", "the same as plan")
    .option("--cutover", "go on with the swap when the gate is green")
    .option("--delete-old", "after a green cut-over delete the old collection (implies --cutover)")
    .action((flags: MigrateFlags) =>
      runVerb("migrate", flags, migrateInput(flags), {
        deleteOld: flags.deleteOld === true,
        queriesFile: flags.queries ?? null,
      }),
    );
}

function collectionOf({ collection, allCollections, prefix }: VerbFlags): string {
  if (allCollections === true && collection !== undefined)
    throw new ConfigError("Give --collection or --all-collections, not both.");
  if (allCollections === true) return `${prefix}*`;
  if (collection !== undefined) return collection;
  throw new ConfigError("Which collection? Give --collection NAME, or --all-collections with --prefix.");
}

function migrateInput(flags: MigrateFlags): WorkflowInput {
  return given({
    action: "migrate",
    collection: collectionOf(flags),
    model: flags.model,
    sourceModel: flags.sourceModel,
    textKey: flags.textKey,
    textTemplate: flags.textTemplate,
    emptyText: flags.emptyText,
    target: flags.target,
    vector: flags.vector,
    layout: flags.layout,
    newVector: flags.newVector,
    takeOverName: flags.takeOverName,
    pageSizePoints: flags.batchSize,
    scoreThresholds: flags.scoreThreshold,
    keepOldHours: flags.keepOldHours,
    dryRun: flags.dryRun,
    cutover: flags.cutover === true || flags.deleteOld === true ? "auto" : undefined,
  });
}

function actInput(action: string, flags: ActFlags): WorkflowInput {
  const { overrideBy: by, overrideWhy: why, confirm, snapshot, dropOldVector } = flags;
  if ((by === undefined) !== (why === undefined))
    throw new ConfigError("An override needs both --override-by and --override-why.");
  const override = by === undefined || why === undefined ? undefined : { by, why };
  const maxFenceSeconds = flags.fence;
  return given({
    action,
    collection: collectionOf(flags),
    confirm,
    snapshot,
    dropOldVector,
    override,
    maxFenceSeconds,
  });
}

/** The keys that were given: the request's own defaults fill in the rest. */
const given = (input: Readonly<Record<string, unknown>>): WorkflowInput =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

function scores(text: string, before: readonly number[] = []): readonly number[] {
  const value = Number(text);
  if (text.trim() !== "" && value >= -1 && value <= 1) return [...before, value];
  throw new InvalidArgumentError("It must be a number from -1 to 1.");
}
