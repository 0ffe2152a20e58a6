// How ids and points are written on the wire, and read without losing a digit.
import { PermanentError, TransientError } from "../migration/errors.ts";
import { type PointId, placed, placeOf } from "../migration/ids.ts";
import type { Point, PointWrite, SearchHit } from "../migration/ports.ts";
import { membersAt, type Take, takeText, walkElements, walkMembers } from "./slices.ts";

const SIMPLE = "([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})";
const HYPHENATED = SIMPLE.replaceAll(")(", ")-(");
// The four spellings that the server takes, and no other place for a hyphen or a brace.
const UUIDS = [HYPHENATED, SIMPLE, `\\{${HYPHENATED}\\}`, `urn:uuid:${HYPHENATED}`].map(
  (spelling) => new RegExp(`^${spelling}$`, "i"),
);
const U64_MAX = 2n ** 64n - 1n;

/**
 * The canonical spelling of an id as a JSON value's text (`12`, `"…"`): digits, or a lower-case UUID with hyphens.
 * Every spelling of a UUID that the server takes is understood: simple, hyphenated, braced, URN.
 * @throws PermanentError for anything else.
 */
export function parseId(json: string): PointId {
  if (/^\d+$/.test(json) && BigInt(json) <= U64_MAX) return BigInt(json).toString();
  const text: unknown = json.startsWith('"') ? JSON.parse(json) : null;
  if (typeof text === "string") {
    for (const spelling of UUIDS) {
      const [whole, ...parts] = spelling.exec(text) ?? [];
      if (whole !== undefined) return parts.join("-").toLowerCase();
    }
  }
  throw new PermanentError(
    `A point's id must be an unsigned 64-bit integer or a UUID, not ${json.slice(0, 60)}.`,
  );
}

/** Without its shard key, which the request names. */
export function encodeId(id: PointId): string {
  const within = placeOf(id).id;
  return within.includes("-") ? JSON.stringify(within) : within;
}

/** A shard key as JSON text, a text in one spelling; null: none. */
export function parseShardKey(json: string | undefined): string | null {
  if (json === undefined || json === "null") return null;
  return json.startsWith('"') ? JSON.stringify(JSON.parse(json)) : json;
}

/** A point of a scroll or retrieve: payload and vector stay the server's own text. */
function pointOf(members: ReadonlyMap<string, string>): Point {
  const payload = members.get("payload") ?? "null";
  const vectors = members.get("vector") ?? null;
  return {
    id: placed({ shard: parseShardKey(members.get("shard_key")), id: parseId(members.get("id") ?? "null") }),
    payload: payload === "null" ? "{}" : payload,
    vectors: vectors === "null" ? null : vectors,
  };
}

export const parsePoint = (json: string): Point => pointOf(membersAt(json));

export function parseHit(json: string): SearchHit {
  const members = membersAt(json);
  const { id, payload } = pointOf(members);
  return { id, payload, score: Number(members.get("score")) };
}

/**
 * The member `result` of an answer, as text.
 * @throws TransientError when the answer is not whole, or something between cut it.
 */
export function resultOf(answer: string): string {
  let result = "null";
  walkResult(
    answer,
    takeText(answer, (value) => (result = value)),
  );
  return result;
}

/** The points of a scroll and where the next one starts; vectors are most of the text, so it is gone through once. */
export function parseScroll(answer: string): {
  readonly points: readonly Point[];
  readonly next: PointId | null;
} {
  const points: Point[] = [];
  let next = "null";
  const takeMember = (key: string): Take => {
    if (key === "points") return takePoints(answer, points);
    return takeText(answer, (value) => {
      if (key === "next_page_offset") next = value;
    });
  };
  walkResult(answer, (start) => walkMembers(answer, start, takeMember));
  return { points, next: next === "null" ? null : parseId(next) };
}

/** The points of a retrieve. */
export function parsePoints(answer: string): readonly Point[] {
  const points: Point[] = [];
  walkResult(answer, takePoints(answer, points));
  return points;
}

const takePoints =
  (answer: string, points: Point[]): Take =>
  (list) =>
    walkElements(answer, list, (start) => {
      const members = new Map<string, string>();
      const end = walkMembers(answer, start, (key) => takeText(answer, (value) => members.set(key, value)));
      points.push(pointOf(members));
      return end;
    });

function walkResult(answer: string, take: Take): void {
  let isThere = false;
  const pass = takeText(answer, () => {});
  const takeResult: Take = (start) => {
    isThere = true;
    return take(start);
  };
  try {
    walkMembers(answer, 0, (key) => (key === "result" ? takeResult : pass));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    isThere = false;
  }
  if (!isThere)
    throw new TransientError(
      `Qdrant's answer of ${answer.length} characters is not whole or not Qdrant's; it cannot be read.`,
    );
}

export const encodePoint = ({ id, payload, vectors }: PointWrite): string =>
  `{"id":${encodeId(id)},"payload":${payload},"vector":${vectors}}`;

export { encodeVector } from "./floats.ts";
