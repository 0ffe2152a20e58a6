// npm run test:stack
// The synthesized template, deployed by the plain `cdk deploy` to an emulator of AWS that others wrote, with IAM
// enforced, driven by the AWS SDKs. Skips, loudly, where there is no Python for the emulator.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startQdrant } from "../../local/qdrant/server.ts";
import { whyNoEmulator } from "../../local/stack/emulator.ts";
import { type LocalStack, startLocalStack } from "../../local/stack/stack.ts";
import { openModels } from "../../src/embedding/open.ts";
import type { Qdrant } from "../../src/migration/ports.ts";
import { openQdrant } from "../../src/qdrant/client.ts";
import { driverOf, until } from "./driver.ts";

const OLD_MODEL = "static-384-8k";
const NEW_MODEL = "static-768-8k";
const why = whyNoEmulator();
const skip = why === null ? false : `SKIPPED: the stack was not deployed: ${why}`;

/** A collection of memories with vectors of the old model, under an alias. */
async function makeCollection(qdrant: Qdrant, collection: string, points: number): Promise<void> {
  const models = openModels({ modelDir: null, defaultModel: null, dimensions: null, threads: 1 });
  const embedder = await models.open(OLD_MODEL);
  const texts = Array.from({ length: points }, (_, index) => `Memory ${index} of harbour ${index % 7}.`);
  const made = await embedder.embed(texts, "passage");
  await qdrant.createCollection(collection, { vectors: { size: 384, distance: "Cosine" } });
  await qdrant.upsert(
    collection,
    made.map((one, index) => ({
      id: String(index + 1),
      payload: JSON.stringify({ content: texts[index], weight: 1.5 }),
      vectors: JSON.stringify(one.ok ? [...one.vector] : []),
    })),
  );
  await qdrant.changeAliases([
    { create_alias: { collection_name: collection, alias_name: `${collection}_alias` } },
  ]);
}

describe("the deployed stack", { skip }, () => {
  const open = new AsyncDisposableStack();
  let stack: LocalStack;
  let drive: ReturnType<typeof driverOf>;
  let qdrant: Qdrant;

  before(async () => {
    const { url } = open.use(await startQdrant({ port: 0 }));
    stack = open.use(await startLocalStack({ qdrantUrl: url, processes: 2, say: console.log }));
    drive = driverOf(stack);
    qdrant = openQdrant({ url, apiKey: async () => null });
  });
  after(() => open.disposeAsync());

  const aliasTarget = async (alias: string): Promise<string | undefined> =>
    (await qdrant.aliases()).find((one) => one.alias === alias)?.collection;
  const migrate = (collection: string) => ({ collection, model: NEW_MODEL, sourceModel: OLD_MODEL });

  test("carries a collection through migration, cut-over and rollback", async () => {
    await makeCollection(qdrant, "whole", 300);

    const plan = await drive.run({ ...migrate("whole"), dryRun: true });
    const migrated = await drive.run(migrate("whole"));
    const cutOver = await drive.run({ action: "cutover", collection: "whole" });
    const afterwards = await aliasTarget("whole_alias");
    const rolledBack = await drive.run({ action: "rollback", collection: "whole" });

    assert.equal(plan.output.outcomes[0].status, "PLANNED");
    assert.equal(migrated.output.outcomes[0].status, "READY");
    assert.deepEqual(migrated.output.outcomes[0].tally, {
      ...{ total: 300, migrated: 300, unchanged: 0, skipped: 0, failed: 0 },
    });
    assert.equal(cutOver.output.outcomes[0].status, "DONE");
    assert.equal(afterwards, "whole_768d");
    assert.equal(rolledBack.output.outcomes[0].status, "ROLLED_BACK");
    assert.equal(await aliasTarget("whole_alias"), "whole");
  });

  test("a live event is embedded into both collections of a migration", async () => {
    const point = { id: 9001, payload: { content: "The newest memory of the harbour." } };

    await drive.sendEvent({ v: 1, op: "put", collection: "whole_alias", points: [point] });

    for (const collection of ["whole", "whole_768d"])
      await until(`the memory is in ${collection}`, async () => (await qdrant.count(collection)) === 301);
  });

  test("refuses an unknown key by name and changes nothing", async () => {
    const refused = await drive.run({ collection: "whole", dryrun: true });

    assert.equal(refused.status, "FAILED");
    assert.match(`${refused.error} ${refused.cause}`, /unknown key .*dryrun/);
  });

  test("a page nobody can treat ends among the dead letters, and can be sent again", async () => {
    await drive.hideMessagesFor(1);
    await drive.sendPage("no page at all");

    await until(
      "the page is a dead letter",
      async () => (await drive.depthOf(stack.deployment.deadLettersUrl)) === 1,
    );
    const body = await drive.takeDeadLetter();

    assert.equal(body, "no page at all");
    assert.equal(await drive.depthOf(stack.deployment.pagesQueueUrl), 0);
  });

  test("an embedder killed in the middle of a page costs nothing but time", async () => {
    await makeCollection(qdrant, "killed", 2000);
    await drive.hideMessagesFor(3);

    const execution = await drive.start(migrate("killed"));
    await until(
      "an embedder is at work on a page",
      async () => (await qdrant.collection("killed_768d")) !== null,
    );
    await until("one was killed", () => stack.images.get("embedder")?.killOne() ?? false);
    const migrated = await drive.end(execution);

    assert.equal(migrated.output.outcomes[0].status, "READY");
    assert.equal(migrated.output.outcomes[0].tally.migrated, 2000);
    assert.equal(await qdrant.count("killed_768d"), 2000);
  });

  test("without one of its grants a run fails by name, and goes on when it is given back", async () => {
    await makeCollection(qdrant, "denied", 100);
    stack.emulator.administer("revoke", "remaster-coordinator", "SendPages");

    const denied = await drive.run(migrate("denied"));
    stack.emulator.administer("grant", "remaster-coordinator", "SendPages");
    const granted = await drive.run(migrate("denied"));

    assert.equal(denied.status, "FAILED");
    assert.match(`${denied.error} ${denied.cause}`, /AccessDenied|not authorized|permission/i);
    assert.equal(granted.output.outcomes[0].status, "READY");
  });
});
