import assert from "node:assert/strict";
import { test } from "node:test";
import { carefulPercent, duration, figure, measured, moment, signed } from "../../src/report/format.ts";

test("nearly all is not all, nearly nothing is not nothing", () => {
  assert.equal(carefulPercent(154_999, 155_000), "> 99.9 %");
  assert.equal(carefulPercent(155_000, 155_000), "100.0 %");
  assert.equal(carefulPercent(1, 155_000), "< 0.1 %");
  assert.equal(carefulPercent(0, 155_000), "0.0 %");
  assert.equal(carefulPercent(0, 0), "–");
});

test("durations have the unit that fits", () => {
  assert.deepEqual([950, 12_000, 185_000, 120_000, 7_620_000, 356_400_000].map(duration), [
    "950 ms",
    "12 s",
    "3 min 05 s",
    "2 min",
    "2 h 07 min",
    "4 d 03 h",
  ]);
});

test("a duration never shows sixty of a unit", () => {
  for (let ms = 0; ms < 8_000_000; ms += 997) assert.ok(!/\b60 (s|min)/.test(duration(ms)), duration(ms));
});

test("money, bytes and numbers are what a person writes", () => {
  assert.equal(measured(0.004, "USD"), "< $0.01");
  assert.equal(measured(1.273, "USD"), "$1.27");
  assert.equal(measured(0, "USD"), "$0.00");
  assert.equal(measured(7.9e8, "B"), "790 MB");
  assert.equal(measured(12, "points/s"), "12 points/s");
  assert.equal(figure(12_345.6), "12,346");
  assert.equal(figure(Number.NaN), "–");
  assert.equal(signed(-0.1234), "−0.123");
});

test("moments are in UTC", () => {
  assert.equal(moment(Date.UTC(2026, 2, 3, 9)), "2026-03-03 09:00:00 UTC");
});
