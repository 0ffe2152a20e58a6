// A collection with everything that is easily spoilt, by the command line, compared with requests of our own.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startQdrant } from "../../local/qdrant/server.ts";
import { openModels } from "../../src/embedding/open.ts";
import { encodeVector } from "../../src/qdrant/wire.ts";
import { newFolder, remaster } from "../support/commandLine.ts";

const models = openModels({ modelDir: null, defaultModel: "static-384-8k", dimensions: null, threads: 1 });

// Members as text: no JavaScript value tells 1.0 from 1.
const PAYLOADS: readonly string[] = [
  '"whole":1.0,"minus":-0.0,"power":1e5,"tiny":5e-324,"large":1.7976931348623157e+308',
  '"u64":18446744073709551615,"i64":-9223372036854775808,"beyond":9007199254740993',
  '"digits":1234567890123456789,"decimal":0.1234567890123456789,"money":12345678901234567.89',
  '"z":1,"a":2,"10":3,"9":4,"__proto__":{"x":1.0},"constructor":null,"":"no name"',
  '"null":null,"empty":[],"object":{},"text":"","nested":[[],[null],{"a":[]}]',
  '"unicode":"é e\\u0301 日本語 👩‍👩‍👧‍👦 \\u0000 \\u2028","quotes":"\\"}{\\\\/"',
  `"large":"${"memory ".repeat(150_000)}"`,
];
const IDS = [
  ...["0", "9007199254740993", "18446744073709551615", '"550e8400-e29b-41d4-a716-446655440000"'],
  ...['"00000000-0000-0000-0000-000000000000"', '"ffffffff-ffff-ffff-ffff-ffffffffffff"', "7"],
];
const TITLE = "Elena's garden";
const LINES = ["She planted tomatoes behind the house.", "The first ones were ripe in July."];
const EMPTY: Readonly<Record<string, string>> = {
  missing: '{"title":"A note"}',
  blank: '{"note":{"lines":" \\n\\t "}}',
  nothing: '{"note":{"lines":[]}}',
  number: '{"note":{"lines":12.0}}',
};

async function call(url: string, method: string, path: string, body?: string): Promise<string> {
  const response = await fetch(`${url}/collections${path}`, {
    method,
    ...(body === undefined ? {} : { body, headers: { "content-type": "application/json" } }),
  });
  const text = await response.text();
  assert.equal(response.status, 200, text.slice(0, 300));
  return text;
}

/** The points of a collection as the server writes them. */
async function pointsOf(url: string, name: string): Promise<string> {
  const body = '{"limit":100,"with_payload":true,"with_vector":true}';
  const text = await call(url, "POST", `/${name}/points/scroll`, body);
  return text.slice(text.indexOf('"points":'), text.lastIndexOf('"next_page_offset"'));
}

// The vector that is embedded again is the only member of its name.
const withoutNew = (points: string) => points.replace(/"memory":\[[^\]]*\],?|,"memory":\[[^\]]*\]/g, "");

async function addHardCollection(url: string, name: string, texts: readonly string[]): Promise<void> {
  const image = { size: 4, distance: "Euclid", datatype: "float16" };
  const parts = { size: 3, distance: "Dot", multivector_config: { comparator: "max_sim" } };
  const vectors = { memory: { size: 384, distance: "Cosine" }, image, parts };
  await call(url, "PUT", `/${name}`, JSON.stringify({ vectors, sparse_vectors: { words: {} } }));
  const made = await (await models.open(null)).embed(texts, "passage");
  const points = texts.map((text, at) => {
    const outcome = made[at];
    const note = `"title":${JSON.stringify(TITLE)},"note":{"lines":${JSON.stringify(text.split("\n"))}}`;
    const others = `"image":[${at}.25,-0.0,1e-7,65504],"parts":[[1,0,${at}],[0.1,0.2,0.3]],"words":{"indices":[${at},4294967295],"values":[0.1,-2.5]}`;
    const own = outcome?.ok ? `"memory":${encodeVector(outcome.vector)},` : "";
    return `{"id":${IDS[at]},"payload":{${note},${PAYLOADS[at]}},"vector":{${own}${others}}}`;
  });
  const empty = Object.values(EMPTY).map(
    (payload, at) => `{"id":${100 + at},"payload":${payload},"vector":{"image":[1,2,3,${at}]}}`,
  );
  // One at a time: together the large payload would be beyond a request's limit on some servers.
  for (const point of [...points, ...empty])
    await call(url, "PUT", `/${name}/points?wait=true`, `{"points":[${point}]}`);
}

const sourceText = (at: number) => [...LINES, `Note ${at}`].join("\n");
const OPTIONS = [
  ...["--source-model", "static-384-8k", "--vector", "memory", "--text-key", "note.lines", "--json"],
];

test("payloads, ids and the other vectors arrive character by character, whatever they hold", async () => {
  await using server = await startQdrant({ port: 0 });
  const texts = PAYLOADS.map((_, at) => sourceText(at));
  await addHardCollection(server.url, "hard", texts);
  const before = await pointsOf(server.url, "hard");
  const run = (...args: string[]) =>
    remaster([...args, "--collection", "hard", "--url", server.url], { cwd: newFolder() });

  const { code, err, json } = await run("migrate", ...OPTIONS);

  assert.equal(code, 0, err);
  const [total, skipped] = [PAYLOADS.length + Object.keys(EMPTY).length, Object.keys(EMPTY).length];
  assert.deepEqual(json?.tally, { total, migrated: total - skipped, unchanged: 0, skipped, failed: 0 });
  const after = await pointsOf(server.url, "hard_768d");
  assert.equal(withoutNew(after), withoutNew(before));
  assert.equal(after.match(/"memory":\[/g)?.length, PAYLOADS.length);
  assert.ok(before.includes('"u64":18446744073709551615') && before.includes('"whole":1.0'));
  assert.equal(await pointsOf(server.url, "hard"), before, "the source is as it was");
});

/** The report's list of points without text: carried and left out, or failed. */
const LISTED = [
  { reason: "no-text-key", count: 1, ids: ["100"] },
  { reason: "text-is-blank", count: 1, ids: ["101"] },
  { reason: "text-is-empty", count: 1, ids: ["102"] },
  { reason: "text-is-not-a-string", count: 1, ids: ["103"] },
];

for (const [what, expected] of Object.entries({
  carry: { code: 0, tally: { skipped: 4, failed: 0 }, points: 5 },
  skip: { code: 0, tally: { skipped: 4, failed: 0 }, points: 1 },
  fail: { code: 3, tally: { skipped: 0, failed: 4 }, points: 1 },
}))
  test(`points without text: ${what}, each listed with its reason`, async () => {
    await using server = await startQdrant({ port: 0 });
    await addHardCollection(server.url, what, [sourceText(0)]);
    const cwd = newFolder();
    const flags = ["--collection", what, "--url", server.url, "--empty-text", what, "--report", "report"];

    const { code, err, json } = await remaster(["migrate", ...OPTIONS, ...flags], { cwd });

    assert.equal(code, expected.code, err);
    assert.deepEqual(json?.tally, { total: 5, migrated: 1, unchanged: 0, ...expected.tally });
    const info = JSON.parse(await call(server.url, "GET", `/${what}_768d`));
    assert.equal(info.result.points_count, expected.points);
    assert.equal(/stay out of the new collection/.test(err), what === "skip");
    const report = JSON.parse(readFileSync(join(cwd, "report", "report.json"), "utf8"));
    const failed = LISTED.map((one) => ({ ...one, retryable: false }));
    assert.deepEqual([report.skipped, report.failures], what === "fail" ? [[], failed] : [LISTED, []]);
  });
