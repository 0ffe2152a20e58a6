import assert from "node:assert/strict";
import { test } from "node:test";
import { renderSummary } from "../../src/report/text.ts";
import { sampleReport } from "./sampleReport.ts";

test("begins with the verdict and ends with the command to give next", () => {
  const lines = renderSummary(sampleReport()).split("\n");

  assert.match(lines[0] ?? "", /^PASS {2}Safe to switch/);
  assert.equal(lines.at(-1), "  npx remaster cutover --collection whisperengine_memory_elena");
});

test("has at most 40 lines and keeps the command, however much went wrong", () => {
  const integrity = Array.from({ length: 50 }, (_, n) => ({ name: `Check ${n}`, ok: false, found: "bad" }));
  const failures = Array.from({ length: 50 }, (_, n) => ({ reason: `reason ${n}`, count: n + 1, ids: [] }));
  const lines = renderSummary(sampleReport({ integrity, failures })).split("\n");

  assert.ok(lines.length <= 40, `${lines.length} lines`);
  assert.match(lines.join("\n"), /… and 45 more in the report/);
  assert.match(lines.at(-1) ?? "", /npx remaster/);
});

test("says what was not looked at", () => {
  const summary = renderSummary(sampleReport({ integrity: [], quality: null, thresholds: null, next: null }));

  assert.match(summary, /Integrity\n {2}not checked/);
  assert.match(summary, /Search\n {2}not measured/);
  assert.ok(!summary.includes("undefined"));
});

test("a name cannot steer the terminal", () => {
  const summary = renderSummary(sampleReport({ source: "a\u001b[2Jb\nPASS\u202e" }));

  assert.ok(!summary.includes("\u001b") && !summary.includes("\u202e"));
  assert.match(summary.split("\n")[1] ?? "", /^a\ufffd\[2Jb\ufffdPASS\ufffd → /);
});
