import assert from "node:assert/strict";
import { test } from "node:test";
import { DOMParser } from "linkedom";
import { renderReport } from "../../src/report/html.ts";
import { escapeText, html, Markup } from "../../src/report/markup.ts";
import { OLD_CONTRACT, sampleQuality, sampleReport } from "./sampleReport.ts";

const headings = (page: string): string[] =>
  [...new DOMParser().parseFromString(page, "text/html").querySelectorAll("h1, h2")].map(
    ({ textContent }) => textContent ?? "",
  );

test("the verdict comes first, what to do next second", () => {
  const [first, second] = headings(renderReport(sampleReport()));

  assert.match(first ?? "", /^Safe to switch/);
  assert.equal(second, "What to do next");
});

test("a failed check is named before those that passed", () => {
  const page = renderReport(
    sampleReport({
      integrity: [
        { name: "Ids", ok: true, found: "all" },
        { name: "Payloads", ok: false, found: "3 of 155,000 differ" },
      ],
    }),
  );

  assert.ok(page.includes("Do not switch yet."));
  assert.ok(page.indexOf('<th scope="row">Payloads') < page.indexOf('<th scope="row">Ids'));
});

test("parts that were not measured are left out or said to be missing", () => {
  const page = renderReport(
    sampleReport({ quality: null, thresholds: null, truncation: null, searches: null, oldContract: null }),
  );

  assert.ok(page.includes("Not measured. Give"));
  assert.ok(!page.includes("Score thresholds to change"));
  assert.ok(!page.includes("undefined") && !page.includes("NaN") && !page.includes("[object"));
});

test("known-item queries are said to be that", () => {
  const page = renderReport(sampleReport({ quality: { ...sampleQuality(), kind: "known-item" } }));

  assert.ok(page.includes("it does not show whether people"));
});

test("the page loads nothing and runs nothing", () => {
  const page = renderReport(sampleReport());

  assert.ok(!/<script|<link(?! rel="icon" href="data:,")|<iframe|@import|url\(/.test(page));
  assert.ok(!/(?:src|href)="(?!data:|#)/.test(page));
});

test("the page of a large collection stays small enough to mail", () => {
  const ids = Array.from({ length: 1000 }, (_, n) => String(n));
  const page = renderReport(sampleReport({ failures: [{ reason: "too long", count: 54_321, ids }] }));

  assert.ok(page.length < 150_000, `${page.length} characters`);
  assert.ok(page.includes("and 54,301 more"));
});

test("an approval over a guard is marked as such", () => {
  const approvals = [{ at: 0, action: "cutover", by: "Mara", why: "demo on Friday", override: true }];

  assert.ok(renderReport(sampleReport({ approvals })).includes("over a guard"));
});

test("equal reports give equal pages", () => {
  assert.equal(renderReport(sampleReport()), renderReport(sampleReport()));
});

test("a contract's prefix keeps its spaces and brackets", () => {
  const oldContract = { ...OLD_CONTRACT, queryPrefix: "<query> & " };

  assert.ok(renderReport(sampleReport({ oldContract })).includes("&lt;query&gt; &amp; "));
});

test("what is put into a template is escaped, markup is not", () => {
  const inner = html`<b>${"<i>"}</b>`;

  assert.equal(
    html`<p title="${`"'`}">${inner}${["a", null, 1]}</p>`.text,
    '<p title="&quot;&#39;"><b>&lt;i&gt;</b>a1</p>',
  );
  assert.ok(inner instanceof Markup);
});

test("lone surrogates, controls and marks that turn text become a replacement character", () => {
  assert.equal(escapeText("a\ud800b\u202ec\u0000d\te"), "a\ufffdb\ufffdc\ufffdd\te");
});
