import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { type Browser, chromium, type Page } from "playwright-core";
import { renderReport } from "../../src/report/html.ts";
import { sampleReport } from "./sampleReport.ts";

const PROGRAM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path),
);
const skip =
  PROGRAM === undefined ? "SKIPPED: no browser: no Chromium at /usr/bin; install `chromium`" : false;
// `REPORT_SCREENSHOTS=<folder>` keeps what the browser saw, for people to look at.
const SCREENSHOTS = process.env.REPORT_SCREENSHOTS;

const HOSTILE = `</title><script>alert(1)</script><img src="http://127.0.0.1:9/x" onerror=alert(2)>"'\u202egpj.exe`;
const hostile = sampleReport({
  source: HOSTILE,
  target: "w".repeat(255),
  aliases: [HOSTILE],
  failures: [{ reason: HOSTILE, count: 3, ids: [HOSTILE, "x".repeat(500)], retryable: false }],
  next: { what: HOSTILE, input: { collection: HOSTILE }, command: `npx remaster '${HOSTILE}'` },
  hashes: { [HOSTILE]: HOSTILE },
});
const bare = sampleReport({
  oldContract: null,
  quality: null,
  thresholds: null,
  truncation: null,
  throughput: null,
  forecast: null,
  cost: null,
  searches: null,
  integrity: [],
  timeline: [],
  next: null,
  approvals: [],
});

const PAGES = { whole: sampleReport(), hostile, bare };
const SIZES = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 900 } };

let browser: Browser | undefined;

before(async () => {
  if (PROGRAM === undefined) return;
  browser = await chromium.launch({
    executablePath: PROGRAM,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
});

after(() => browser?.close());

interface Seen {
  readonly page: Page;
  readonly complaints: string[];
  readonly requests: string[];
}

async function open(
  report: keyof typeof PAGES,
  size: keyof typeof SIZES,
  colorScheme: "light" | "dark",
): Promise<Seen> {
  assert.ok(browser);
  const page = await browser.newPage({ viewport: SIZES[size], colorScheme });
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => complaints.push(`dialog ${dialog.message()}`));
  page.on("request", (request) => {
    if (!request.url().startsWith("data:")) requests.push(request.url());
  });
  await page.setContent(renderReport(PAGES[report]), { waitUntil: "load" });
  return { page, complaints, requests };
}

async function keepScreenshot(page: Page, name: string): Promise<void> {
  if (SCREENSHOTS === undefined) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, fullPage: true });
}

for (const report of ["whole", "hostile", "bare"] as const)
  for (const size of ["phone", "desktop"] as const)
    for (const colour of ["light", "dark"] as const)
      test(`the ${report} report on a ${size} in ${colour} fits, asks for nothing and complains of nothing`, {
        skip,
      }, async () => {
        const { page, complaints, requests } = await open(report, size, colour);

        const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
        await keepScreenshot(page, `${report}-${size}-${colour}`);
        await page.close();

        assert.deepEqual(complaints, []);
        assert.deepEqual(requests, []);
        assert.ok(Number(overflow) <= 0, `${overflow} pixels stick out`);
      });

test("a hostile name becomes text, not elements", { skip }, async () => {
  const { page } = await open("hostile", "desktop", "light");

  const elements = await page.evaluate("document.querySelectorAll('script, img, iframe, [onerror]').length");
  const shown = await page.locator(".eyebrow").textContent();
  await page.close();

  assert.equal(elements, 0);
  assert.ok(shown?.includes("<script>alert(1)</script>"));
});

test("light and dark differ, and text stands out from its ground in both", { skip }, async () => {
  const grounds = new Set<string>();
  for (const colour of ["light", "dark"] as const) {
    const { page } = await open("whole", "desktop", colour);
    const contrasts = await page.evaluate(CONTRASTS);
    grounds.add(String(await page.evaluate("getComputedStyle(document.body).backgroundColor")));
    await page.close();

    assert.ok(Array.isArray(contrasts) && contrasts.length > 50);
    // 4.5 is what WCAG asks of text of this size.
    assert.deepEqual(
      contrasts.filter(({ ratio }) => ratio < 4.5),
      [],
      colour,
    );
  }
  assert.equal(grounds.size, 2);
});

// Runs in the page: contrast of every element that holds text itself, against the nearest painted ground.
const CONTRASTS = `(() => {
  const rgb = (css) => css.match(/[\\d.]+/g).map(Number);
  const light = (css) => {
    const [r, g, b] = rgb(css).map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const painted = (css) => { const [, , , a = 1] = rgb(css); return a > 0; };
  const ground = (el) => { for (; el; el = el.parentElement) { const c = getComputedStyle(el).backgroundColor; if (painted(c)) return c; } return "rgb(255,255,255)"; };
  const holdsText = (el) => [...el.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== "");
  return [...document.querySelectorAll("main *")].filter((el) => holdsText(el) && !(el instanceof SVGElement)).map((el) => {
    const [a, b] = [light(getComputedStyle(el).color), light(ground(el))].sort((x, y) => y - x);
    return { what: el.tagName + "." + el.className + " " + el.textContent.slice(0, 30), ratio: (a + 0.05) / (b + 0.05) };
  });
})()`;

test("every table names its columns, every drawing has words for it, headings do not skip a level", {
  skip,
}, async () => {
  const { page } = await open("whole", "desktop", "light");

  const found = await page.evaluate(`({
    tables: document.querySelectorAll("table").length,
    tablesWithHeaders: [...document.querySelectorAll("table")].filter((t) => t.querySelectorAll("thead th[scope=col]").length > 1 && t.querySelectorAll("tbody th[scope=row]").length === t.tBodies[0].rows.length).length,
    drawings: document.querySelectorAll("figure > svg").length,
    drawingsWithWords: document.querySelectorAll("figure > figcaption + svg[role=img][aria-label]").length,
    levels: [...document.querySelectorAll("h1,h2,h3,h4")].map((h) => Number(h.tagName[1])),
    ids: [...document.querySelectorAll("[id]")].map((el) => el.id),
  })`);
  await page.close();

  assert.ok(isOutline(found));
  assert.ok(found.tables > 8);
  assert.equal(found.tablesWithHeaders, found.tables);
  assert.equal(found.drawings, 4);
  assert.equal(found.drawingsWithWords, 4);
  assert.equal(found.levels.filter((level) => level === 1).length, 1);
  assert.ok(found.levels.every((level, n) => level - (found.levels[n - 1] ?? 0) <= 1));
  assert.equal(new Set(found.ids).size, found.ids.length);
});

interface Outline {
  readonly tables: number;
  readonly tablesWithHeaders: number;
  readonly drawings: number;
  readonly drawingsWithWords: number;
  readonly levels: readonly number[];
  readonly ids: readonly string[];
}

const isOutline = (value: unknown): value is Outline =>
  typeof value === "object" && value !== null && "tables" in value && "levels" in value && "ids" in value;
