// How ids, points and vectors are written on the wire, and read without losing a digit.
import { shortestDouble } from "../float32.ts";
import { PermanentError } from "../migration/errors.ts";
import type { PointId } from "../migration/ids.ts";
import type { Point, PointWrite, SearchHit } from "../migration/ports.ts";
import { elementsAt, membersAt } from "./slices.ts";

const HEX = /^[0-9a-f]{32}$/;
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
    const hex = text
      .toLowerCase()
      .replace(/^urn:uuid:/, "")
      .replace(/^\{(.*)\}$/, "$1")
      .replaceAll("-", "");
    if (HEX.test(hex)) return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
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

/**
 * A vector as the text of a JSON array, each number with the fewest digits that give the same float32 back:
 * 40 % smaller than doubles.
 * @throws PermanentError for a number that is not finite: the server would refuse it, or take it for infinity.
 */
export function encodeVector(vector: Float32Array): string {
  let text = "[";
  for (let index = 0; index < vector.length; index++) {
    const value = vector[index] ?? 0;
    if (!Number.isFinite(value)) throw new PermanentError("A vector holds a number that is not finite.");
    if (index > 0) text += ",";
    // The sign of a zero is kept, though no distance depends on it.
    text += Object.is(value, -0) ? "-0.0" : String(shortestDouble(value));
  }
  return `${text}]`;
}
