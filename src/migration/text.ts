// Where the text of a memory stands in its payload.
import type { RawJson, TextField } from "./ports.ts";

export interface TextPlace {
  /**
   * Payload keys, dotted where nested (`meta.title`); a key that itself has dots wins over the path it spells.
   * A list of objects on the way is gone through: `messages.content` is the content of each.
   */
  readonly textKey: readonly string[];
  /** `{key}` places filled from the payload; null joins several keys by line. */
  readonly textTemplate: string | null;
}

/** Why a point has no text. */
type EmptyReason =
  | "no-text-key"
  | "text-is-null"
  | "text-is-empty"
  | "text-is-blank"
  | "text-is-not-a-string";

export type FoundText = { readonly text: string } | { readonly empty: EmptyReason };

/**
 * The text to embed. Several keys are joined, those without text left out; where none has text the reason is the
 * first key's. A template is filled only when one of its keys has text: its own words alone are no memory.
 */
export function textOf(payload: RawJson, { textKey, textTemplate }: TextPlace): FoundText {
  const parsed: unknown = JSON.parse(payload);
  const found = textKey.map((key) => ({ key, ...readText(valueAt(parsed, key)) }));
  const texts = found.flatMap((one) => ("text" in one ? [one] : []));
  const [first] = found;
  if (texts.length === 0)
    return { empty: first !== undefined && "empty" in first ? first.empty : "no-text-key" };
  if (textTemplate === null) return { text: texts.map(({ text }) => text).join("\n") };
  const byKey = new Map(texts.map(({ key, text }) => [key, text]));
  return {
    text: textTemplate.replace(/\{([^{}]+)\}/g, (place, key: string) =>
      textKey.includes(key) ? (byKey.get(key) ?? "") : place,
    ),
  };
}

/**
 * What a payload must still hold for its text to be the same, in words a server can compare. Null where that cannot be
 * said: the text is more than strings under keys.
 */
export function textFields(payload: RawJson, { textKey }: TextPlace): readonly TextField[] | null {
  const parsed: unknown = JSON.parse(payload);
  const fields: TextField[] = [];
  for (const key of textKey) {
    const path = pathTo(parsed, key);
    const value = path?.reduce<unknown>((within, name) => memberOf(within, name), parsed) ?? null;
    // A list on the way: the text is of more than one place.
    if (path === undefined && valueAt(parsed, key) !== undefined) return null;
    const isSayable = value === null || (typeof value === "string" && value.isWellFormed());
    // A name with a quotation mark has no way of writing in a server's paths.
    if (!isSayable || key.includes('"')) return null;
    fields.push({ path: path ?? key.split("."), value });
  }
  return fields;
}

/** The keys that lead to what `key` names; undefined where there is nothing, or a list is on the way. */
function pathTo(value: unknown, key: string): readonly string[] | undefined {
  if (memberOf(value, key) !== undefined) return [key];
  for (let dot = key.lastIndexOf("."); dot > 0; dot = key.lastIndexOf(".", dot - 1)) {
    const inner = pathTo(memberOf(value, key.slice(0, dot)), key.slice(dot + 1));
    if (inner !== undefined) return [key.slice(0, dot), ...inner];
  }
  return undefined;
}

const memberOf = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? new Map<string, unknown>(Object.entries(value)).get(key)
    : undefined;

function readText(value: unknown): FoundText {
  if (value === undefined) return { empty: "no-text-key" };
  if (value === null) return { empty: "text-is-null" };
  if (Array.isArray(value)) return readTexts(value);
  if (typeof value !== "string") return { empty: "text-is-not-a-string" };
  if (value === "") return { empty: "text-is-empty" };
  if (value.trim() === "") return { empty: "text-is-blank" };
  // Half of a surrogate pair is no character: tokenizers written in other languages refuse it.
  return { text: value.toWellFormed() };
}

/** Texts of a list by line. A null among them says nothing; a number is not somebody's text. */
function readTexts(values: readonly unknown[]): FoundText {
  const texts = values.filter((one) => one !== null);
  if (texts.length === 0) return { empty: "text-is-empty" };
  return texts.every((one) => typeof one === "string")
    ? readText(texts.join("\n"))
    : { empty: "text-is-not-a-string" };
}

/** Undefined where there is no such key. */
function valueAt(value: unknown, path: string): unknown {
  if (Array.isArray(value)) return valuesAt(value, path);
  if (typeof value !== "object" || value === null) return undefined;
  const members = new Map(Object.entries(value));
  if (members.has(path)) return members.get(path);
  // The longest literal key first, so that {"a.b": {"c": …}} answers a.b.c; a key that leads nowhere is passed over.
  for (let dot = path.lastIndexOf("."); dot > 0; dot = path.lastIndexOf(".", dot - 1)) {
    const inner = valueAt(members.get(path.slice(0, dot)), path.slice(dot + 1));
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function valuesAt(values: readonly unknown[], path: string): unknown {
  const found = values.map((one) => valueAt(one, path)).filter((one) => one !== undefined);
  return found.length === 0 ? undefined : found.flat();
}

const KEYS_SHOWN = 30;
// Deep enough for `metadata.message.content`; deeper trees are data rather than a schema.
const KEY_DEPTH = 3;

/** Payload keys, dotted where nested, with the share of payloads that have them, the most frequent first. */
export function keysOf(
  payloads: readonly RawJson[],
): readonly { readonly key: string; readonly share: number }[] {
  const counts = new Map<string, number>();
  for (const payload of payloads) {
    const parsed: unknown = JSON.parse(payload);
    for (const key of new Set(pathsOf(parsed, KEY_DEPTH))) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return sorted.slice(0, KEYS_SHOWN).map(([key, count]) => ({ key, share: count / payloads.length }));
}

/** Every key as `textKey` would name it: an object's own keys, or those within it. */
function pathsOf(value: unknown, depth: number): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((one) => pathsOf(one, depth));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const within = depth > 1 ? pathsOf(inner, depth - 1) : [];
    return within.length === 0 ? [key] : within.map((path) => `${key}.${path}`);
  });
}
