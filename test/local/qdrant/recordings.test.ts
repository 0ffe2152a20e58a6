import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startQdrant } from "../../../local/qdrant/server.ts";
import { sharedPath } from "../../support/shared.ts";
import { type Exchange, replay } from "./replay.ts";

interface Scenario {
  readonly server?: { readonly settings?: Readonly<Record<string, string>> };
  readonly exchanges: readonly Exchange[];
}

// Scenarios of servers that were set up in a way which the built-in one cannot be: three peers, and JWTs.
const otherServers = ["13-cluster.json", "16-jwt.json"];

// Where the built-in one answers otherwise, and why that is not wrong of it.
const knownDifferences: Readonly<Record<string, string>> = {
  "02-collections.json #53": "yellow while an optimizer works: there is none, so it is green at once",
  "02-collections.json #58": "yellow while an optimizer works",
  "07-query.json #45": "asks for points whose upsert, with inference, was answered with 501",
  "09-snapshots-and-limits.json #40": "over a quota, whose setting was answered with 501",
  "09-snapshots-and-limits.json #42": "one operation later than there, where the quota refused one",
  "09-snapshots-and-limits.json #44": "one operation later than there",
  "11-deferred.json #4": "yellow while an optimizer works",
  "11-deferred.json #20": "points deferred for an optimizer without threads: there is nothing to wait for",
  "11-deferred.json #21": "deferred points",
  "11-deferred.json #22": "deferred points",
  "11-deferred.json #23": "deferred points",
  "11-deferred.json #24": "deferred points",
  "17-cloud-profile.json #1": "one peer of a cluster there, a single server here",
};

const folder = sharedPath("qdrant-recordings");
if (folder === null) {
  test("answers every recorded exchange as the real server did", {
    skip: "SKIPPED: no ../shared/qdrant-recordings",
  }, () => {});
} else {
  const total = { same: 0, differs: 0, "501": 0, skipped: 0 };
  for (const file of readdirSync(folder)
    .filter((name) => /^\d\d-.*\.json$/.test(name))
    .sort()) {
    test(`answers ${file} as the real server did`, { timeout: 120_000 }, async (t) => {
      const scenario: Scenario = JSON.parse(readFileSync(join(folder, file), "utf8"));
      if (otherServers.includes(file)) {
        total.skipped += scenario.exchanges.length;
        t.skip(`${scenario.exchanges.length} exchanges with a server set up otherwise`);
        return;
      }

      const { counts, wrong } = await replayScenario(file, scenario);

      t.diagnostic(
        `${file}: ${counts.same} same, ${counts.differs} differ as listed, ${counts["501"]} answered with 501`,
      );
      for (const kind of ["same", "differs", "501"] as const) total[kind] += counts[kind];
      assert.deepEqual(wrong, []);
    });
  }
  test("says how much of the recorded API it has, as the page about it does", (t) => {
    t.diagnostic(
      `all: ${total.same} same, ${total.differs} differ as listed, ${total["501"]} answered with 501, ${total.skipped} skipped`,
    );
    // The page about the server has the same four numbers: whoever changes one changes the other.
    const page = readFileSync(
      join(import.meta.dirname, "..", "..", "..", "docs", "built-in-qdrant.md"),
      "utf8",
    );
    const row = new RegExp(
      `\\| ${total.same} +\\| ${total.differs} +\\| ${total["501"]} +\\| ${total.skipped} +\\|`,
    );
    assert.match(page, row);
  });
}

async function replayScenario(file: string, scenario: Scenario) {
  const settings = scenario.server?.settings ?? {};
  await using server = await startQdrant({
    port: 0,
    apiKey: settings.QDRANT__SERVICE__API_KEY,
    readOnlyApiKey: settings.QDRANT__SERVICE__READ_ONLY_API_KEY,
    strictMode: strictModeOf(settings),
  });
  const counts = { same: 0, differs: 0, "501": 0 };
  const wrong: string[] = [];
  for (const exchange of scenario.exchanges) {
    const verdict = await replay(server.url, exchange);
    counts[verdict.kind] += 1;
    const name = `${file} #${exchange.n}`;
    const isKnown = knownDifferences[name] !== undefined;
    if (verdict.kind === "differs" && !isKnown) wrong.push(`${name} ${exchange.label}: ${verdict.what}`);
    if (verdict.kind === "same" && isKnown) wrong.push(`${name} is listed as different but is the same`);
  }
  return { counts, wrong };
}

/** The strict mode of new collections, as the recorded server's environment set it. */
function strictModeOf(settings: Readonly<Record<string, string>>): Record<string, boolean | number> {
  const prefix = "QDRANT__STORAGE__COLLECTION__STRICT_MODE__";
  const entries = Object.entries(settings).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(
    entries.map(([name, value]) => [name.slice(prefix.length).toLowerCase(), JSON.parse(value)]),
  );
}
