import assert from "node:assert/strict";
import { test } from "node:test";
import { decideVerdict, type VerdictInput } from "../../src/migration/report.ts";
import { sampleQuality, sampleReport } from "../report/sampleReport.ts";

const green: VerdictInput = {
  integrity: [{ name: "Ids", ok: true, found: "all there" }],
  tally: { total: 10, migrated: 8, unchanged: 1, skipped: 1, failed: 0 },
  quality: sampleQuality(),
  phase: "ready",
};

const cases: Readonly<Record<string, readonly [Partial<VerdictInput>, string, RegExp]>> = {
  "everything is proven": [{}, "PASS", /^Safe to switch/],
  "one check failed": [
    { integrity: [...green.integrity, { name: "Payloads", ok: false, found: "1 differs" }] },
    "FAIL",
    /^Do not switch yet/,
  ],
  "one point failed": [{ tally: { ...green.tally, migrated: 7, failed: 1 } }, "FAIL", /^Do not switch yet/],
  "the outcomes do not add up": [{ tally: { ...green.tally, total: 11 } }, "FAIL", /^Do not switch yet/],
  "search got worse": [{ quality: sampleQuality(0.1) }, "FAIL", /search fails its bar/],
  "search is much the same": [{ quality: sampleQuality(0.46) }, "INCONCLUSIVE", /not proven/],
  "search was not measured": [{ quality: null }, "PASS", /was not measured/],
  "nothing was checked": [{ integrity: [] }, "INCONCLUSIVE", /has not been checked/],
  "the alias was switched": [{ phase: "done" }, "PASS", /^Switched: nothing is lost/],
  "the alias was switched over a guard": [
    { phase: "done", quality: sampleQuality(0.1) },
    "FAIL",
    /although the gate said no/,
  ],
};

for (const [name, [changes, outcome, headline]] of Object.entries(cases))
  test(`says ${outcome} when ${name}`, () => {
    const verdict = decideVerdict({ ...green, ...changes });

    assert.equal(verdict.outcome, outcome);
    assert.match(verdict.headline, headline);
  });

test("names what went wrong before what went well", () => {
  const worse = decideVerdict({ ...green, quality: sampleQuality(0.1) });
  const lost = decideVerdict({ ...green, tally: { ...green.tally, migrated: 7, failed: 1 } });

  assert.match(worse.reasons[0] ?? "", /^FAIL: /);
  assert.match(lost.reasons[0] ?? "", /1 of 10 points failed/);
});

test("a report survives being stored as JSON", () => {
  const report = sampleReport();

  assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
});

test("what was not measured is null, not absent", () => {
  const report = sampleReport({ quality: null, searches: null });

  assert.equal(report.quality, null);
  assert.ok(Object.values(report).every((value) => value !== undefined));
});
