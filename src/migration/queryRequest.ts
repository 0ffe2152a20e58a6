// A query as it arrives: from a direct call, the function's address, or the command line.
import { DEFAULTS } from "../defaults.ts";
import { ConfigError } from "./errors.ts";
import type { JsonObject } from "./ports.ts";

export interface SearchTerms {
  /** Points a text. */
  readonly limit: number;
  /** Qdrant's own filter, passed on as it is; null: none. */
  readonly filter: JsonObject | null;
  readonly scoreThreshold: number | null;
  readonly withPayload: boolean;
}

export interface Query {
  /** The name readers use: an alias, or a collection's own name. */
  readonly alias: string;
  readonly texts: readonly string[];
  /** Null: the vectors are the answer. */
  readonly search: SearchTerms | null;
}

const { textsMax, limitMax, limit: limitDefault } = DEFAULTS.query;

/**
 * @throws ConfigError with `fields.status` 400 that lists every problem, by key, and never repeats a text.
 */
export function parseQuery(value: unknown): Query {
  const problems: string[] = [];
  const members = membersOf(value, "A query", problems);
  refuseUnknown(members, ["alias", "texts", "search"], problems);
  const query = {
    alias: aliasOf(members.get("alias"), problems),
    texts: textsOf(members.get("texts"), problems),
    search: searchOf(members.get("search"), problems),
  };
  if (problems.length > 0) throw badQuery(problems.join(" "));
  return query;
}

/** What the caller has to change; `status` is what an HTTP caller is answered. */
export const badQuery = (problem: string): ConfigError =>
  new ConfigError(`The query was refused: ${problem} See docs/queries.md.`, { fields: { status: 400 } });

type Members = ReadonlyMap<string, unknown>;

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function membersOf(value: unknown, what: string, problems: string[]): Members {
  if (isObject(value)) return new Map(Object.entries(value));
  problems.push(`${what} must be an object, such as {"alias": "memories", "texts": ["a question"]}.`);
  return new Map();
}

function refuseUnknown(members: Members, known: readonly string[], problems: string[]): void {
  // A typo must not become a default. Long names may be a text in the wrong place.
  for (const key of members.keys())
    if (!known.includes(key))
      problems.push(`${JSON.stringify(key.slice(0, 40))} is no key here; there are ${known.join(", ")}.`);
}

function aliasOf(value: unknown, problems: string[]): string {
  if (typeof value === "string" && value.trim() !== "") return value;
  problems.push('"alias" must be the name of an alias or a collection.');
  return "";
}

function textsOf(value: unknown, problems: string[]): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  const texts = list.filter((one) => typeof one === "string" && one.trim() !== "");
  if (list.length === 0 || list.length > textsMax)
    problems.push(`"texts" must be a list of 1 to ${textsMax} texts.`);
  else if (texts.length < list.length)
    problems.push('Every one of "texts" must be a text that is not empty.');
  return texts.filter((one): one is string => typeof one === "string");
}

function searchOf(value: unknown, problems: string[]): SearchTerms | null {
  if (value === undefined || value === null) return null;
  const members = membersOf(value, '"search"', problems);
  refuseUnknown(members, ["limit", "filter", "scoreThreshold", "withPayload"], problems);
  const read = <T>(key: string, missing: T, must: string, parse: (given: unknown) => T | undefined): T => {
    const given = members.get(key);
    const parsed = given == null ? missing : parse(given);
    if (parsed === undefined) problems.push(`"search.${key}" must be ${must}.`);
    return parsed ?? missing;
  };
  return {
    limit: read("limit", limitDefault, `a whole number from 1 to ${limitMax}`, asLimit),
    filter: read("filter", null, "an object: a filter of Qdrant", asFilter),
    scoreThreshold: read("scoreThreshold", null, "a number", asNumber),
    withPayload: read("withPayload", true, "true or false", asFlag),
  };
}

const asLimit = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= limitMax ? value : undefined;
// Any object that came as JSON; what it may say is Qdrant's to judge.
const isJsonObject = (value: unknown): value is JsonObject => isObject(value);
const asFilter = (value: unknown): JsonObject | null | undefined => (isJsonObject(value) ? value : undefined);
const asNumber = (value: unknown): number | null | undefined =>
  typeof value === "number" && Number.isFinite(value) ? value : undefined;
const asFlag = (value: unknown): boolean | undefined => (typeof value === "boolean" ? value : undefined);
