// One fault among 100,000 points, of every kind, at seeded random places: the verification finds it and names it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DEFAULTS } from "../../src/defaults.ts";
import type { PointId } from "../../src/migration/ids.ts";
import type { Point, SearchHit } from "../../src/migration/ports.ts";
import { seededRandom } from "../../src/migration/random.ts";
import { readReport } from "../../src/migration/readReport.ts";
import { machineWithMemories, type StoryMachine } from "../support/machine.ts";

const POINTS = 100_000;
const TARGET = "chat_8d";
const SEED = Number(process.env.SEED ?? 7);
const random = seededRandom(SEED);

let machine: StoryMachine;
const anyId = (): PointId => String(1 + Math.floor(random() * POINTS));

before(async () => {
  machine = await machineWithMemories(POINTS);
  // What is looked at here is every point, not the index: the searches of the gate would take most of the time.
  machine.qdrant.search = async (name, vector) => nearest(name, vector);
  const ended = await machine.run({
    action: "migrate",
    collection: "chat",
    sourceModel: "old",
    pageSizePoints: DEFAULTS.pageSizePointsMax,
  });
  assert.equal(ended.outcomes[0]?.status, "READY", JSON.stringify(ended.outcomes));
});

after(() => machine.qdrant.points(TARGET).clear());

/** The point that has this very vector, as exact search would name first. */
function nearest(name: string, vector: Float32Array): readonly SearchHit[] {
  const text = JSON.stringify([...vector]);
  for (const { id, payload, vectors } of machine.qdrant.points(name).values())
    if (vectors === text) return [{ id, payload, score: 1 }];
  return [];
}

const vectorOf = ({ vectors }: Point): readonly number[] => JSON.parse(vectors ?? "[]");
const withVector = (point: Point, numbers: readonly (number | null)[]): Point => ({
  ...point,
  vectors: JSON.stringify(numbers),
});

/** The lowest bit of one byte of the payload's text, at a random place within a word. */
function flipByte(point: Point): Point {
  const bytes = Buffer.from(point.payload);
  const letters = [...bytes.keys()].filter((at) => /[b-y]/.test(String.fromCharCode(bytes[at] ?? 0)));
  const at = letters[Math.floor(random() * letters.length)] ?? assert.fail("no letter");
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return { ...point, payload: bytes.toString() };
}

const SPOILED: Readonly<Record<string, readonly [(point: Point) => Point | null, RegExp]>> = {
  "a flipped bit of the payload": [flipByte, /1 with another payload/],
  "a number of the payload spelled otherwise": [
    (point) => ({ ...point, payload: point.payload.replace(/"n":(\d+)/, '"n":$1.0') }),
    /1 with another payload/,
  ],
  "a missing point": [() => null, /1 missing/],
  "a vector of zeros": [
    (point) =>
      withVector(
        point,
        vectorOf(point).map(() => 0),
      ),
    /1 with a wrong vector/,
  ],
  "a vector of twice the length": [
    (point) =>
      withVector(
        point,
        vectorOf(point).map((one) => 2 * one),
      ),
    /1 with a wrong vector/,
  ],
  "a vector one number short": [
    (point) => withVector(point, vectorOf(point).slice(1)),
    /1 with a wrong vector/,
  ],
  // A server writes an infinity as null, since JSON has none; NaN it refuses.
  "a vector with an infinity": [
    (point) => withVector(point, [null, ...vectorOf(point).slice(1)]),
    /1 with a wrong vector/,
  ],
  "no vector": [(point) => ({ ...point, vectors: "{}" }), /1 with a wrong vector/],
};

/** What the gate says of every point, after a verification that repairs nothing. */
async function verified(): Promise<{ readonly verdict: string; readonly found: string }> {
  const ended = await machine.run({ action: "verify", collection: "chat" });
  const migration = ended.outcomes[0]?.migration ?? assert.fail(ended.cause);
  const report = await readReport(machine.ledger, { now: () => machine.now }, migration);
  const check = report.integrity.find(({ name }) => name === "every id and payload");
  return { verdict: report.verdict.outcome, found: check?.found ?? "" };
}

test("nothing is found where nothing is wrong", async () => {
  const { verdict, found } = await verified();

  assert.notEqual(verdict, "FAIL");
  assert.match(found, new RegExp(`^${POINTS} points compared: 0 missing, 0 extra, 0 with another payload`));
});

for (const [name, [spoil, says]] of Object.entries(SPOILED))
  test(`${name} among ${POINTS} points is found and named (seed ${SEED})`, async () => {
    const points = machine.qdrant.points(TARGET);
    const id = anyId();
    const sound = points.get(id) ?? assert.fail(`no point ${id}`);
    const spoiled = spoil(sound);
    assert.notDeepEqual(spoiled, sound);
    if (spoiled === null) points.delete(id);
    else points.set(id, spoiled);

    const { verdict, found } = await verified();
    points.set(id, sound);

    assert.equal(verdict, "FAIL");
    assert.match(found, says);
    assert.ok(found.includes(`(id ${id})`), found);
  });

test(`an extra point among ${POINTS} is found and named`, async () => {
  const points = machine.qdrant.points(TARGET);
  const extra = String(POINTS + 1 + Math.floor(random() * POINTS));
  machine.qdrant.put(TARGET, extra, { content: "nobody's" }, JSON.stringify([1, 0, 0, 0, 0, 0, 0, 0]));

  const { verdict, found } = await verified();
  points.delete(extra);

  assert.equal(verdict, "FAIL");
  assert.match(found, new RegExp(`1 extra \\(id ${extra}\\)`));
});

test("one point in the place of another is found although the counts are equal", async () => {
  const points = machine.qdrant.points(TARGET);
  const [gone, extra] = [anyId(), String(2 * POINTS)];
  const sound = points.get(gone) ?? assert.fail(`no point ${gone}`);
  points.delete(gone);
  points.set(extra, { ...sound, id: extra });

  const { verdict, found } = await verified();
  points.delete(extra);
  points.set(gone, sound);

  assert.equal(verdict, "FAIL");
  assert.match(found, new RegExp(`1 missing \\(id ${gone}\\), 1 extra \\(id ${extra}\\)`));
});

test("the same vector for every point fails, by the sample that is embedded again", async () => {
  const points = machine.qdrant.points(TARGET);
  const sound = [...points.values()];
  const one = sound[0]?.vectors ?? assert.fail("no point");
  for (const point of sound) points.set(point.id, { ...point, vectors: one });

  const ended = await machine.run({ action: "verify", collection: "chat" });
  for (const point of sound) points.set(point.id, point);

  const migration = ended.outcomes[0]?.migration ?? assert.fail(ended.cause);
  const { integrity } = await readReport(machine.ledger, { now: () => machine.now }, migration);
  const failed = integrity.filter(({ ok }) => !ok).map(({ name }) => name);
  assert.ok(failed.includes("embedded again") && failed.includes("vectors vary"), failed.join());
});
