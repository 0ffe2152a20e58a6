// What a chat memory of the first user looks like, number spellings included.
import type { PointId } from "../src/migration/ids.ts";
import type { RawJson } from "../src/migration/ports.ts";
import type { Random } from "../src/migration/random.ts";

const USERS = ["672814231002939413", "249110582318825472", "880031922716377099", "1042210007799336960"];
const CHANNELS = ["dm", "general", "late-night", "küche", "旅行"];
const TONES = ["calm", "curious", "tired", null];
const FIRST_AT = Date.UTC(2025, 0, 6, 7, 30);

const pick = <T>(list: readonly T[], random: Random): T | undefined =>
  list[Math.floor(random() * list.length)];

const hex = (digits: number, random: Random): string =>
  Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join("");

/** 19 digits, as chat services number their messages: far beyond 2^53, below 2^63. */
function messageNumber(random: Random): string {
  const tail = Array.from({ length: 18 }, () => Math.floor(random() * 10)).join("");
  return `${1 + Math.floor(random() * 8)}${tail}`;
}

/** Small integers, integers beyond 2^53 and version 4 UUIDs, mixed, none twice. */
export function memoryId(number: number, random: Random): PointId {
  const kind = random();
  if (kind < 0.5) return String(number + 1);
  // The memory's number takes the last four digits: unique whatever the draw.
  if (kind < 0.75) return `${messageNumber(random).slice(0, -4)}${String(number).padStart(4, "0")}`;
  const variant = "89ab"[Math.floor(random() * 4)];
  return `${hex(8, random)}-${hex(4, random)}-4${hex(3, random)}-${variant}${hex(3, random)}-${hex(8, random)}${number.toString(16).padStart(4, "0")}`;
}

function metaOf(number: number, random: Random): RawJson {
  const tone = JSON.stringify(pick(TONES, random) ?? null);
  const tags = random() < 0.3 ? "[]" : `["${pick(CHANNELS, random)}",${number % 7}]`;
  const reply = random() < 0.4 ? messageNumber(random) : "null";
  return `{"bot":"elena","tone":${tone},"tags":${tags},"reply_to":${reply},"scores":{"trust":${random() < 0.5 ? "1.0" : "0.50"},"distance":1e-3},"flags":{}}`;
}

/**
 * Text of one payload. Written by hand, because JSON.stringify would spell `1.0` as `1` and round message numbers.
 * `content` is raw JSON; null leaves the key out.
 */
export function memoryPayload(memory: {
  readonly number: number;
  readonly content: RawJson | null;
  readonly random: Random;
}): RawJson {
  const { number, content, random } = memory;
  const said = new Date(FIRST_AT + number * 613_000 + Math.floor(random() * 600_000)).toISOString();
  const members = [
    ...(content === null ? [] : [`"content":${content}`]),
    `"user_id":"${pick(USERS, random)}"`,
    `"role":"${random() < 0.7 ? "user" : "bot"}"`,
    `"timestamp":"${said}"`,
    `"channel":${JSON.stringify(pick(CHANNELS, random))}`,
    `"importance":${random() < 0.5 ? "1.0" : random() < 0.5 ? "0.5" : "0.25"}`,
    `"message_id":${messageNumber(random)}`,
    `"edited_at":${random() < 0.9 ? "null" : JSON.stringify(said)}`,
    `"meta":${metaOf(number, random)}`,
  ];
  return `{${members.join(",")}}`;
}
