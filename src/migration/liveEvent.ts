// A live event as it arrives. The schema for producers is docs/schemas/live-event.json; a test holds both to the
// same events.
import { FORMAT_VERSION } from "../contract.ts";
import { PermanentError } from "./errors.ts";
import type { PointId } from "./ids.ts";
import type { RawJson } from "./ports.ts";

export interface LivePoint {
  readonly id: PointId;
  readonly payload: RawJson;
}

interface LiveEventHead {
  readonly collection: string;
  /** Where the collection has shard keys, that of these points, as JSON text. */
  readonly shardKey: RawJson | null;
}

export type LiveEvent = LiveEventHead &
  (
    | { readonly op: "touch" | "delete"; readonly ids: readonly PointId[] }
    | { readonly op: "put"; readonly points: readonly LivePoint[] }
  );

/** How a JSON text is taken apart without losing a digit; the wire format is the adapter's. */
export interface JsonText {
  membersAt(text: string): ReadonlyMap<string, string>;
  elementsAt(text: string): readonly string[];
  parseId(json: string): PointId;
}

export const LIVE_IDS_MAX = 100;

/**
 * Reads the body of a message. EventBridge wraps the event: its `detail` is taken.
 * @throws PermanentError that says what is wrong, never with text of a memory.
 */
export function parseLiveEvent(body: string, json: JsonText): LiveEvent {
  const outer = membersOf(body, json);
  const wrapped = outer.get("detail");
  const members = wrapped !== undefined && outer.has("detail-type") ? membersOf(wrapped, json) : outer;
  const version = members.get("v");
  if (version !== String(FORMAT_VERSION))
    throw refused(`"v" must be ${FORMAT_VERSION}, not ${version?.slice(0, 20) ?? "missing"}`);
  const collection = textOf(members, "collection");
  const op = textOf(members, "op");
  const shardKey = shardKeyOf(members);
  if (op === "put") {
    refuseUnknown(members, [...HEAD, "points"]);
    return { op, collection, shardKey, points: pointsOf(listOf(members, "points", json), json) };
  }
  if (op !== "touch" && op !== "delete") throw refused('"op" must be touch, put or delete');
  refuseUnknown(members, [...HEAD, "ids"]);
  return { op, collection, shardKey, ids: listOf(members, "ids", json).map((id) => idOf(id, json)) };
}

const HEAD = ["v", "op", "collection", "shardKey"];

/** A text or a whole number, in one spelling; Qdrant takes nothing else. */
function shardKeyOf(members: ReadonlyMap<string, string>): RawJson | null {
  const text = members.get("shardKey");
  if (text === undefined) return null;
  if (/^(0|[1-9]\d{0,19})$/.test(text)) return text;
  const value: unknown = JSON.parse(text);
  if (typeof value === "string" && value !== "") return JSON.stringify(value);
  throw refused('"shardKey" must be a text or a whole number');
}

const refused = (what: string): PermanentError =>
  new PermanentError(`A live event was refused: ${what}. See docs/schemas/live-event.json.`);

function membersOf(body: string, json: JsonText): ReadonlyMap<string, string> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw refused("it is not JSON");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw refused("it is not a JSON object");
  return json.membersAt(body);
}

function refuseUnknown(members: ReadonlyMap<string, string>, known: readonly string[]): void {
  const unknown = [...members.keys()].filter((key) => !known.includes(key));
  if (unknown.length > 0)
    throw refused(`unknown key ${unknown.map((key) => JSON.stringify(key.slice(0, 40))).join(", ")}`);
}

function textOf(members: ReadonlyMap<string, string>, key: string): string {
  const value: unknown = JSON.parse(members.get(key) ?? "null");
  if (typeof value !== "string" || value === "") throw refused(`"${key}" must be a text`);
  return value;
}

function listOf(members: ReadonlyMap<string, string>, key: string, json: JsonText): readonly string[] {
  const text = members.get(key) ?? "";
  const list = text.startsWith("[") ? json.elementsAt(text) : [];
  if (list.length === 0 || list.length > LIVE_IDS_MAX)
    throw refused(`"${key}" must be a list of 1 to ${LIVE_IDS_MAX}`);
  return list;
}

/** Also an integer in quotes: languages whose numbers end at 2^53 can send it no other way. */
function idOf(text: string, json: JsonText): PointId {
  const unquoted = /^"(\d{1,20})"$/.exec(text)?.[1];
  return json.parseId(unquoted ?? text);
}

function pointsOf(list: readonly string[], json: JsonText): readonly LivePoint[] {
  return list.map((text) => {
    if (!text.startsWith("{")) throw refused('"points" must be a list of {id, payload}');
    const members = json.membersAt(text);
    refuseUnknown(members, ["id", "payload"]);
    const payload = members.get("payload") ?? "";
    if (!payload.startsWith("{")) throw refused('the "payload" of a point must be an object');
    return { id: idOf(members.get("id") ?? "null", json), payload };
  });
}
