// Where the text of a memory stands in its payload.
import type { RawJson } from "./ports.ts";

export interface TextPlace {
  /** Payload keys, dotted where nested; a key that itself has dots wins over the path it spells. */
  readonly textKey: readonly string[];
  /** `{key}` places filled from the payload; null joins several keys by line. */
  readonly textTemplate: string | null;
}

/** Why a point has no text. */
export type EmptyReason =
  | "no-text-key"
  | "text-is-null"
  | "text-is-empty"
  | "text-is-blank"
  | "text-is-not-a-string";

export type FoundText = { readonly text: string } | { readonly empty: EmptyReason };

/** The text to embed; several keys are joined, those without text left out. */
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

function readText(value: unknown): FoundText {
  if (value === undefined) return { empty: "no-text-key" };
  if (value === null) return { empty: "text-is-null" };
  if (Array.isArray(value)) {
    if (value.length === 0) return { empty: "text-is-empty" };
    return value.every((one) => typeof one === "string")
      ? readText(value.join("\n"))
      : { empty: "text-is-not-a-string" };
  }
  if (typeof value !== "string") return { empty: "text-is-not-a-string" };
  if (value === "") return { empty: "text-is-empty" };
  return value.trim() === "" ? { empty: "text-is-blank" } : { text: value };
}

function valueAt(value: unknown, path: string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  if (Object.hasOwn(value, path)) return Object.entries(value).find(([key]) => key === path)?.[1];
  // The longest literal key first, so that {"a.b": {"c": …}} answers a.b.c.
  for (let dot = path.lastIndexOf("."); dot > 0; dot = path.lastIndexOf(".", dot - 1)) {
    const inner = Object.entries(value).find(([key]) => key === path.slice(0, dot));
    if (inner !== undefined) return valueAt(inner[1], path.slice(dot + 1));
  }
  return undefined;
}

const KEYS_SHOWN = 30;

/** Payload keys (top level) with the share of payloads that have them, the most frequent first. */
export function keysOf(
  payloads: readonly RawJson[],
): readonly { readonly key: string; readonly share: number }[] {
  const counts = new Map<string, number>();
  for (const payload of payloads) {
    const parsed: unknown = JSON.parse(payload);
    if (typeof parsed !== "object" || parsed === null) continue;
    for (const key of Object.keys(parsed)) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return sorted.slice(0, KEYS_SHOWN).map(([key, count]) => ({ key, share: count / payloads.length }));
}
