import type { PointId } from "../../src/migration/ids.ts";
import { fault, formatFault } from "./fault.ts";
import { writeDouble } from "./float.ts";
import { type Json, JsonNumber } from "./json.ts";

const uuidForms = [
  /^[0-9a-f]{32}$/i,
  /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  /^urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  /^\{[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}$/i,
];

/** Reads an id from a body. `body`, where given, lets the message name the position as the real server does. */
export function parsePointId(value: Json | undefined, body?: string): PointId {
  if (value instanceof JsonNumber && value.isInteger && !value.text.startsWith("-")) return value.text;
  if (typeof value === "string") {
    const uuid = canonicalUuid(value);
    if (uuid !== undefined) return uuid;
  }
  const hint = "valid values are either an unsigned integer or a UUID";
  throw formatFault(`value ${describe(value)} is not a valid point ID, ${hint}`, body);
}

/** Reads an id from a path. */
export function parsePathId(text: string): PointId {
  if (/^\d+$/.test(text) && BigInt(text) < 2n ** 64n) return String(BigInt(text));
  const uuid = canonicalUuid(text);
  if (uuid === undefined) throw fault(400, `Wrong input: Can not recognize "${text}" as point id`);
  return uuid;
}

/** An id on the wire: integers bare, UUIDs quoted. */
export const writePointId = (id: PointId): string => (id.includes("-") ? `"${id}"` : id);

function canonicalUuid(text: string): string | undefined {
  if (!uuidForms.some((form) => form.test(text))) return undefined;
  const hex = text
    .toLowerCase()
    .replace("urn:uuid:", "")
    .replace(/[^0-9a-f]/g, "");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

// The real server describes what it read in the words of its own parser.
function describe(value: Json | undefined): string {
  if (value === null || value === undefined) return "Unit";
  if (typeof value === "string" || typeof value === "boolean") return String(value);
  if (value instanceof JsonNumber) return value.isInteger ? value.text : plainDouble(value.value);
  return "Other";
}

const plainDouble = (value: number): string =>
  Number.isInteger(value) && Math.abs(value) < 1e21 ? String(value) : writeDouble(value);
