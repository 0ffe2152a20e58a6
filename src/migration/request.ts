import { DEFAULTS } from "../defaults.ts";
import { ConfigError } from "./errors.ts";
import type { JsonObject } from "./ports.ts";
import type { QualityBars } from "./qualityBars.ts";

export const ACTIONS = [
  "inspect",
  "migrate",
  "verify",
  "cutover",
  "rollback",
  "cleanup",
  "status",
  "pause",
  "resume",
  "abort",
  "redrive",
] as const;
export type Action = (typeof ACTIONS)[number];

export const EMPTY_TEXT = ["carry", "skip", "fail"] as const;
export type EmptyText = (typeof EMPTY_TEXT)[number];

export const LAYOUTS = ["replace", "bridge"] as const;
/** `bridge`: the target keeps the old vector beside the new one. */
export type Layout = (typeof LAYOUTS)[number];

/** Who went on although a guard said no, and why: kept in the report. */
export interface Override {
  readonly by: string;
  readonly why: string;
}

/** What a person asks for, with every default filled in. */
export interface Request {
  readonly action: Action;
  /** A name, an alias, or a prefix ending in `*`. */
  readonly collection: string;
  /** Model of the new vectors; null: the deployment's own. */
  readonly model: string | null;
  /** Model of the old vectors; null: what the collection's metadata says, else the first user's. */
  readonly sourceModel: string | null;
  readonly dryRun: boolean;
  readonly textKey: readonly string[];
  readonly textTemplate: string | null;
  readonly emptyText: EmptyText;
  readonly pageSizePoints: number;
  /** Name of the target; null: `<name>_<dimensions>d`. */
  readonly target: string | null;
  /** Which vector is re-embedded; null: the only one. */
  readonly vector: string | null;
  /** Null: `replace`, or what the migration began with. */
  readonly layout: Layout | null;
  /** Name of the new vector in a bridge; null: the model's short name. */
  readonly newVector: string | null;
  /** The target takes over the source's own name at the swap; null: no, or what the migration began with. */
  readonly takeOverName: boolean | null;
  readonly cutover: "manual" | "auto";
  readonly override: Override | null;
  /** Repeats the name of the collection that `cleanup` deletes. */
  readonly confirm: string | null;
  /** `cleanup` takes a snapshot of the old collection first. */
  readonly snapshot: boolean;
  /** `cleanup` of a bridge whose old collection is gone: drop the old vector too. */
  readonly dropOldVector: boolean;
  readonly keepOldHours: number;
  /** How long a cut-over or rollback may stop upserts for its last look; 0: not at all. */
  readonly maxFenceSeconds: number;
  /** Key of labelled queries in the ledger, below `queries/`; null: queries are made from memories. */
  readonly queries: string | null;
  /** What search with the new model must reach; what is not named keeps its default. */
  readonly bars: Partial<QualityBars>;
  /** Score thresholds readers use with the old model, translated beside the usual ones. */
  readonly scoreThresholds: readonly number[];
}

type Reader<T> = (value: unknown) => T | undefined;

const text: Reader<string> = (value) =>
  typeof value === "string" && value.trim() !== "" ? value : undefined;
const flag: Reader<boolean> = (value) => (typeof value === "boolean" ? value : undefined);
const oneOf =
  <const T extends string>(allowed: readonly T[]): Reader<T> =>
  (value) =>
    allowed.find((one) => one === value);
const whole =
  (min: number, max: number): Reader<number> =>
  (value) =>
    typeof value === "number" && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
const hours: Reader<number> = (value) =>
  typeof value === "number" && value >= 0 && value <= 24 * 365 ? value : undefined;

const texts: Reader<readonly string[]> = (value) => {
  const list = Array.isArray(value) ? value.map(text) : [text(value)];
  const found = list.filter((one) => one !== undefined);
  return found.length > 0 && found.length === list.length ? found : undefined;
};

const override: Reader<Override> = (value) => {
  if (
    typeof value !== "object" ||
    value === null ||
    Object.keys(value).some((key) => key !== "by" && key !== "why")
  )
    return undefined;
  const by = text("by" in value ? value.by : undefined);
  const why = text("why" in value ? value.why : undefined);
  return by === undefined || why === undefined ? undefined : { by, why };
};

const fence: Reader<number> = (value) =>
  value === 0 ? value : whole(DEFAULTS.fenceSecondsMin, DEFAULTS.fenceSecondsMax)(value);

const scores: Reader<readonly number[]> = (value) => {
  if (!Array.isArray(value) || value.length > DEFAULTS.scoreThresholdsMax) return undefined;
  return value.every((one) => typeof one === "number" && one >= -1 && one <= 1) ? value : undefined;
};

const BARS = Object.keys(DEFAULTS.quality.bars);

const bars: Reader<Partial<QualityBars>> = (value) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const isGood = Object.entries(value).every(
    ([key, bar]) => BARS.includes(key) && typeof bar === "number" && Number.isFinite(bar),
  );
  return isGood ? value : undefined;
};

/** What each key may hold: the check, the words for the error, and the default (undefined: must be given). */
const FIELDS = {
  action: field(oneOf(ACTIONS), `one of ${ACTIONS.join(", ")}`, "migrate" as Action),
  collection: field(text, "the name of a collection or alias, or a prefix ending in *", undefined),
  model: field<string | null>(text, "the name of a model", null),
  sourceModel: field<string | null>(text, "the name of a model", null),
  dryRun: field(flag, "true or false", false),
  textKey: field(texts, "a payload key, or a list of them", [DEFAULTS.textKey] as readonly string[]),
  textTemplate: field<string | null>(text, "a text with {key} places", null),
  emptyText: field(oneOf(EMPTY_TEXT), `one of ${EMPTY_TEXT.join(", ")}`, "carry" as EmptyText),
  pageSizePoints: field(
    whole(1, DEFAULTS.pageSizePointsMax),
    `a whole number from 1 to ${DEFAULTS.pageSizePointsMax}`,
    DEFAULTS.pageSizePoints as number,
  ),
  target: field<string | null>(text, "the name of the new collection", null),
  vector: field<string | null>(
    (value) => (typeof value === "string" ? value : undefined),
    "the name of a vector",
    null,
  ),
  layout: field<Layout | null>(oneOf(LAYOUTS), `one of ${LAYOUTS.join(", ")}`, null),
  newVector: field<string | null>(text, "a name for the new vector", null),
  takeOverName: field<boolean | null>(flag, "true or false", null),
  cutover: field(oneOf(["manual", "auto"]), "manual or auto", "manual" as "manual" | "auto"),
  override: field<Override | null>(override, '{"by": "who", "why": "reason"}', null),
  confirm: field<string | null>(text, "the name of the collection to delete", null),
  snapshot: field(flag, "true or false", false),
  dropOldVector: field(flag, "true or false", false),
  keepOldHours: field(hours, "a number of hours from 0 to 8760", DEFAULTS.keepOldHours as number),
  maxFenceSeconds: field(
    fence,
    `0, or a whole number of seconds from ${DEFAULTS.fenceSecondsMin} to ${DEFAULTS.fenceSecondsMax}`,
    0 as number,
  ),
  queries: field<string | null>(
    (value) => (typeof value === "string" && value.startsWith("queries/") ? value : undefined),
    "a key of the ledger that begins with queries/",
    null,
  ),
  bars: field(bars, `an object of numbers: ${BARS.join(", ")}`, {} as Partial<QualityBars>),
  scoreThresholds: field(
    scores,
    `a list of at most ${DEFAULTS.scoreThresholdsMax} numbers from -1 to 1`,
    [] as readonly number[],
  ),
} as const;

interface Field<T> {
  readonly read: Reader<T>;
  readonly allowed: string;
  readonly fallback: T | undefined;
}

function field<T>(read: Reader<T>, allowed: string, fallback: T | undefined): Field<T> {
  return { read, allowed, fallback };
}

/** The keys a request may have, for the refusal of any other and for the documentation's test. */
export const REQUEST_KEYS: readonly string[] = Object.keys(FIELDS);

/** What a request says beside its action and collection that the defaults do not: so it can be said again. */
export function givenIn(request: Request): JsonObject {
  const fallbacks: ReadonlyMap<string, unknown> = new Map(
    Object.entries(FIELDS).map(([key, { fallback }]) => [key, fallback]),
  );
  const given = Object.entries(request).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(fallbacks.get(key)),
  );
  const { action: _, collection: __, ...rest } = Object.fromEntries(given);
  return rest;
}

/**
 * Reads the workflow's input.
 * @throws ConfigError that names every problem at once: unknown keys, wrong values with what is allowed.
 */
export function parseRequest(input: unknown): Request {
  if (typeof input !== "object" || input === null || Array.isArray(input))
    throw new ConfigError(
      'The input must be a JSON object, for example {"action": "migrate", "collection": "memories", "dryRun": true}.',
    );
  const problems = Object.keys(input)
    .filter((key) => !REQUEST_KEYS.includes(key))
    .map((key) => `unknown key ${JSON.stringify(key)}; known keys are ${REQUEST_KEYS.join(", ")}`);
  const given: ReadonlyMap<string, unknown> = new Map(Object.entries(input));

  function take<T>(key: keyof typeof FIELDS, { read, allowed, fallback }: Field<T>): T {
    const value = given.get(key);
    const found = value === undefined || value === null ? fallback : read(value);
    if (found !== undefined) return found;
    problems.push(
      value === undefined
        ? `${key} is missing: ${allowed}`
        : `${key} must be ${allowed}, not ${JSON.stringify(value)}`,
    );
    return fallback as T;
  }

  const request: Request = {
    action: take("action", FIELDS.action),
    collection: take<string>("collection", FIELDS.collection),
    model: take("model", FIELDS.model),
    sourceModel: take("sourceModel", FIELDS.sourceModel),
    dryRun: take("dryRun", FIELDS.dryRun),
    textKey: take("textKey", FIELDS.textKey),
    textTemplate: take("textTemplate", FIELDS.textTemplate),
    emptyText: take("emptyText", FIELDS.emptyText),
    pageSizePoints: take("pageSizePoints", FIELDS.pageSizePoints),
    target: take("target", FIELDS.target),
    vector: take("vector", FIELDS.vector),
    layout: take("layout", FIELDS.layout),
    newVector: take("newVector", FIELDS.newVector),
    takeOverName: take("takeOverName", FIELDS.takeOverName),
    cutover: take("cutover", FIELDS.cutover),
    override: take("override", FIELDS.override),
    confirm: take("confirm", FIELDS.confirm),
    snapshot: take("snapshot", FIELDS.snapshot),
    dropOldVector: take("dropOldVector", FIELDS.dropOldVector),
    keepOldHours: take("keepOldHours", FIELDS.keepOldHours),
    maxFenceSeconds: take("maxFenceSeconds", FIELDS.maxFenceSeconds),
    queries: take("queries", FIELDS.queries),
    bars: take("bars", FIELDS.bars),
    scoreThresholds: take("scoreThresholds", FIELDS.scoreThresholds),
  };
  if (problems.length > 0)
    throw new ConfigError(`The request was refused and nothing was changed: ${problems.join("; ")}.`);
  return request;
}
