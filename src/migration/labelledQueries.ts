// The user's own queries: one JSON object a line, `{"id": "q1", "text": "…", "relevant": {"17": 1, "<uuid>": 2}}`.
import { ConfigError } from "./errors.ts";
import { placed, placeOf } from "./ids.ts";
import type { Relevant } from "./quality.ts";

export interface LabelledQuery {
  readonly id: string;
  readonly text: string;
  readonly relevant: Relevant;
}

const KEYS = ["id", "text", "relevant"];
// A file of another format has a fault on every line; five say enough.
const FAULTS_SHOWN = 5;
const POINT_ID = /^(\d{1,20}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const SHARD_KEY = /^("(?:[^"\\]|\\.)+"|\d{1,20})$/;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === "string" && value.trim() !== "";

class LineFault extends Error {}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new LineFault("is not JSON");
  }
}

function parseGrade(id: string, grade: unknown): readonly [string, number] {
  const { shard, id: within } = placeOf(id);
  const spelled = placed({ shard, id: within.toLowerCase() });
  if (!POINT_ID.test(within.toLowerCase()) || (shard !== null && !SHARD_KEY.test(shard)))
    throw new LineFault(
      `names an id in "relevant" that is neither an unsigned integer nor a UUID (after its shard key and a slash, where the collection has those): ${id}`,
    );
  if (typeof grade !== "number" || !Number.isFinite(grade) || grade < 0)
    throw new LineFault(`gives ${id} a grade that is not a number of 0 or more`);
  return [spelled, grade];
}

function parseRelevant(value: unknown): Relevant {
  if (!isObject(value)) throw new LineFault('has no object "relevant" of ids and grades, e.g. {"17": 1}');
  const grades = Object.entries(value).map(([id, grade]) => parseGrade(id, grade));
  // Grade 0 is how some data sets write "judged, and not relevant".
  const relevant = grades.filter(([, grade]) => grade > 0);
  if (relevant.length === 0) throw new LineFault("names no relevant id, so no answer could be right");
  return Object.fromEntries(relevant);
}

function parseQuery(line: string): LabelledQuery {
  const value = parseLine(line);
  if (!isObject(value)) throw new LineFault("is not a JSON object");
  const unknown = Object.keys(value).filter((key) => !KEYS.includes(key));
  if (unknown.length > 0)
    throw new LineFault(`has the unknown key ${unknown.join(", ")}; known: ${KEYS.join(", ")}`);
  const { id, text } = value;
  if (!isText(id)) throw new LineFault('has no "id", a string that is not empty');
  if (!isText(text)) throw new LineFault('has no "text", a string that is not empty');
  return { id, text, relevant: parseRelevant(value.relevant) };
}

/** A query, or the fault of its line. Any other error is ours and goes through. */
function attempt(line: string): LabelledQuery | LineFault {
  try {
    return parseQuery(line);
  } catch (error) {
    if (error instanceof LineFault) return error;
    throw error;
  }
}

/**
 * Parses a whole file; `name` is for messages. Blank lines are allowed, ids must differ.
 * @throws ConfigError naming the faulty lines. Never the text of a query.
 */
export function parseQueries(name: string, body: string): readonly LabelledQuery[] {
  const queries: LabelledQuery[] = [];
  const faults: string[] = [];
  const lineOf = new Map<string, number>();
  for (const [index, line] of body
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() === "") continue;
    const read = attempt(line);
    if (read instanceof LineFault) faults.push(`line ${index + 1} ${read.message}`);
    else if (lineOf.has(read.id))
      faults.push(`line ${index + 1} repeats the id ${read.id} of line ${lineOf.get(read.id)}`);
    else {
      lineOf.set(read.id, index + 1);
      queries.push(read);
    }
  }
  if (faults.length > 0)
    throw new ConfigError(faultMessage(name, faults), { fields: { faults: faults.length } });
  if (queries.length === 0)
    throw new ConfigError(
      `${name} holds no queries; it needs one JSON object a line with ${KEYS.join(", ")}.`,
    );
  return queries;
}

function faultMessage(name: string, faults: readonly string[]): string {
  const more = faults.length - FAULTS_SHOWN;
  const shown = faults.slice(0, FAULTS_SHOWN).join("; ");
  return `Cannot read the queries in ${name}: ${shown}${more > 0 ? `; and ${more} more` : ""}. Correct the file and start again.`;
}
