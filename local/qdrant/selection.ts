import type { Collection, Point } from "./collection.ts";
import { formatFault, noVectorName } from "./fault.ts";
import { elementsOf, isObject, type Json, type JsonObject, writeJson } from "./json.ts";
import { agree, type JsonPath, parsePath } from "./json-path.ts";
import { writePointId } from "./point-id.ts";
import { type Vector, writeVector } from "./vector.ts";

/** What an answer shows of each point. */
export interface Selection {
  readonly payload:
    | boolean
    | { readonly include: readonly JsonPath[] }
    | { readonly exclude: readonly JsonPath[] };
  readonly vectors: boolean | readonly string[];
}

/** Reads `with_payload` and `with_vector`; `isPayloadDefault` is what the payload does when nothing is said. */
export function parseSelection(
  body: JsonObject,
  collection: Collection,
  isPayloadDefault: boolean,
): Selection {
  return {
    payload: parsePayloadSelection(body.get("with_payload")) ?? isPayloadDefault,
    vectors: parseVectorSelection(body.get("with_vector") ?? body.get("with_vectors"), collection),
  };
}

function parsePayloadSelection(value: Json | undefined): Selection["payload"] | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "boolean") return value;
  if (isObject(value)) {
    const exclude = elementsOf(value.get("exclude"));
    if (exclude !== undefined) return { exclude: parsePaths(exclude) };
  }
  const include = elementsOf(isObject(value) ? value.get("include") : value);
  if (include !== undefined) return { include: parsePaths(include) };
  throw formatFault("data did not match any variant of untagged enum WithPayloadInterface");
}

function parsePaths(list: readonly Json[]): JsonPath[] {
  return list.map((text) => {
    const path = typeof text === "string" ? parsePath(text) : undefined;
    if (path === undefined) throw formatFault(`Invalid json path: '${String(text)}'`);
    return path;
  });
}

function parseVectorSelection(value: Json | undefined, collection: Collection): boolean | readonly string[] {
  if (value === undefined || value === null) return false;
  if (typeof value === "boolean") return value;
  const names = elementsOf(value);
  if (!names?.every((name) => typeof name === "string"))
    throw formatFault("data did not match any variant of untagged enum WithVector");
  for (const name of names) if (!collection.specs.has(name)) throw noVectorName(name);
  return names;
}

/** A point as JSON text. `scored` is the text of the members that a search puts behind the id. */
export function writePoint(collection: Collection, point: Point, selection: Selection, scored = ""): string {
  const members = [`"id":${writePointId(point.id)}${scored}`];
  if (selection.payload === true) members.push(`"payload":${point.payload.text}`);
  else if (selection.payload !== false)
    members.push(`"payload":${writeJson(selectedPayload(point, selection.payload))}`);
  if (selection.vectors !== false)
    members.push(`"vector":${writeVectors(collection, point, selection.vectors)}`);
  return `{${members.join(",")}}`;
}

function selectedPayload(point: Point, selection: Exclude<Selection["payload"], boolean>): Json {
  if ("include" in selection) {
    return filtered(point.payload.tree, [], (path) =>
      selection.include.some((wanted) => agree(path, wanted)),
    );
  }
  const isExcluded = (path: JsonPath): boolean =>
    selection.exclude.some((unwanted) => unwanted.length <= path.length && agree(path, unwanted));
  return filtered(point.payload.tree, [], (path) => !isExcluded(path));
}

function filtered(value: Json, path: JsonPath, keeps: (path: JsonPath) => boolean): Json {
  if (isObject(value)) {
    const kept = [...value].filter(([key]) => keeps([...path, { key }]));
    return new Map(kept.map(([key, member]) => [key, filtered(member, [...path, { key }], keeps)]));
  }
  const elements = elementsOf(value);
  if (elements === undefined) return value;
  return elements.flatMap((element, index) => {
    const at: JsonPath = [...path, { index }];
    return keeps(at) ? [filtered(element, at, keeps)] : [];
  });
}

/** One unnamed vector stands alone; named ones, or several, in an object; a point without vectors shows `{}`. */
function writeVectors(collection: Collection, point: Point, names: boolean | readonly string[]): string {
  const shown = [...collection.vectorsOf(point)].filter(
    ([name]) => names === true || (names !== false && names.includes(name)),
  );
  const [only] = shown;
  if (shown.length === 1 && only?.[0] === "") return writeVector(only[1]);
  return `{${shown.map(([name, vector]: [string, Vector]) => `${JSON.stringify(name)}:${writeVector(vector)}`).join(",")}}`;
}
