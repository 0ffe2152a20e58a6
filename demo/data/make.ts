// Makes memories.jsonl and queries.jsonl from the labelled sets beside the project (see NOTICE), seeded:
//   node demo/data/make.ts ../shared/data
// Not needed at run time: the files it makes are carried.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [from = "../shared/data"] = process.argv.slice(2);

interface Labelled {
  readonly id: string;
  readonly text: string;
  readonly relevant?: Readonly<Record<string, number>>;
}

const read = (file: string): readonly Labelled[] =>
  readFileSync(join(from, file), "utf8")
    .trim()
    .split("\n")
    .map((line): Labelled => JSON.parse(line));

/** mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = seeded(384768);
const pick = <T>(all: readonly T[]): T => {
  const one = all[Math.floor(random() * all.length)];
  if (one === undefined) throw new Error("Nothing to pick from.");
  return one;
};
const hex = (length: number): string =>
  Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join("");

/** A third each: small integers, integers beyond 2^53 as chat systems number messages, UUIDs. */
function idText(index: number): string {
  if (index % 3 === 0) return String(index + 1);
  if (index % 3 === 1) return String(1_180_000_000_000_000_000n + BigInt(index) * 4_194_304_001n);
  return `"${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}"`;
}

const USERS = ["ada", "björn", "chidi", "divya", "李雷"];

/** The text of a payload, spelled by hand: `1.0` must stay `1.0`, and 19 digits must stay 19 digits. */
function payloadText(content: string, index: number): string {
  const when = new Date(Date.UTC(2026, 0, 1) + index * 7_919_000).toISOString();
  const importance = pick(["1.0", "0.5", "0.25", "2.0", "1e-3"]);
  return (
    `{"content":${content},"user_id":${JSON.stringify(pick(USERS))},"role":${JSON.stringify(pick(["user", "assistant"]))},` +
    `"timestamp":"${when}","message_id":${1_180_000_000_000_000_000n + BigInt(index) * 7_777_777n},` +
    `"importance":${importance},"meta":{"channel":${JSON.stringify(pick(["dm", "general", "music"]))},"tokens":${index % 97},"reply_to":null,"tags":[]}}`
  );
}

const OTHER_SCRIPTS = [
  "明天下午三点我们在图书馆见面，别忘了带上那本关于量子力学的书。",
  "أحب القهوة بدون سكر في الصباح الباكر",
  "मुझे बारिश में पुरानी हिंदी फ़िल्में देखना पसंद है",
  "Θυμάσαι το μικρό νησί όπου περάσαμε το καλοκαίρι;",
  "Я купила билеты на поезд до Казани на пятницу",
  "週末に猫を動物病院へ連れて行く予定です",
  "👩‍👩‍👧‍👦 family dinner on sunday 🍝❤️‍🔥",
  "Zażółć gęślą jaźń — powiedziała i się uśmiechnęła",
];
const EMPTY = ['""', '"   "', "null", "42", "[]"];
const MISSING = '{"user_id":"ada","role":"system","event":"joined","count":1.0}';

const corpus = [...read("clinc150.corpus.jsonl"), ...read("banking77.corpus.jsonl").slice(0, 420)];
const ids = new Map(corpus.map(({ id }, index) => [id, idText(index)]));
const lines = corpus.map(
  ({ id, text }, index) => `{"id":${ids.get(id)},"payload":${payloadText(JSON.stringify(text), index)}}`,
);

let next = corpus.length;
const add = (payload: string): void => {
  lines.push(`{"id":${idText(next)},"payload":${payload}}`);
  next++;
};
for (let turn = 0; turn < 5; turn++)
  for (const text of OTHER_SCRIPTS) add(payloadText(JSON.stringify(text), next));
for (let turn = 0; turn < 4; turn++) for (const content of EMPTY) add(payloadText(content, next));
for (let turn = 0; turn < 4; turn++) add(MISSING);
// Far beyond 512 tokens: a whole conversation stored as one memory.
for (let turn = 0; turn < 6; turn++)
  add(payloadText(JSON.stringify(Array.from({ length: 120 }, () => pick(corpus).text).join(". ")), next));
for (let turn = 0; turn < 10; turn++)
  add(payloadText(JSON.stringify("good night, talk to you tomorrow"), next));

writeFileSync(join(import.meta.dirname, "memories.jsonl"), `${lines.join("\n")}\n`);

const queries = read("clinc150.queries.jsonl").filter((_, index) => index % 4 === 0);
const labelled = queries.map(({ id, text, relevant }) => {
  const grades = Object.entries(relevant ?? {}).map(([one, grade]) => [
    JSON.parse(JSON.stringify(ids.get(one) ?? "")).replaceAll('"', ""),
    grade,
  ]);
  return JSON.stringify({ id, text, relevant: Object.fromEntries(grades) });
});
writeFileSync(join(import.meta.dirname, "queries.jsonl"), `${labelled.join("\n")}\n`);
