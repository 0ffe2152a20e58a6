// How ids and points are written on the wire, and read without losing a digit.
import { PermanentError } from "../migration/errors.ts";
import type { PointId } from "../migration/ids.ts";
import type { Point, PointWrite, SearchHit } from "../migration/ports.ts";
import { elementsAt, membersAt } from "./slices.ts";

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

export const encodeId = (id: PointId): string => (id.includes("-") ? JSON.stringify(id) : id);

/** A point of a scroll or retrieve: payload and vector stay the server's own text. */
export function parsePoint(json: string): Point {
  const members = membersAt(json);
  const payload = members.get("payload") ?? "null";
  const vectors = members.get("vector") ?? null;
  return {
    id: parseId(members.get("id") ?? "null"),
    payload: payload === "null" ? "{}" : payload,
    vectors: vectors === "null" ? null : vectors,
  };
}

export function parseHit(json: string): SearchHit {
  const { id, payload } = parsePoint(json);
  return { id, payload, score: Number(membersAt(json).get("score")) };
}

/** The member `result` of an answer, as text. */
export function resultOf(answer: string): string {
  return membersAt(answer).get("result") ?? "null";
}

export function parseScroll(answer: string): {
  readonly points: readonly Point[];
  readonly next: PointId | null;
} {
  const result = membersAt(resultOf(answer));
  const next = result.get("next_page_offset") ?? "null";
  return {
    points: elementsAt(result.get("points") ?? "[]").map(parsePoint),
    next: next === "null" ? null : parseId(next),
  };
}

export const encodePoint = ({ id, payload, vectors }: PointWrite): string =>
  `{"id":${encodeId(id)},"payload":${payload},"vector":${vectors}}`;

export { encodeVector } from "./floats.ts";
