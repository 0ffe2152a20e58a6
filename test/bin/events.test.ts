import assert from "node:assert/strict";
import { test } from "node:test";
import { startQdrant } from "../../local/qdrant/server.ts";
import { openModels } from "../../src/embedding/open.ts";
import { withMark } from "../../src/migration/metadata.ts";
import { openQdrant } from "../../src/qdrant/client.ts";
import { remaster } from "../support/commandLine.ts";

const BIG = "9007199254740993";

test("events of a file are applied in its order, bad lines are named, and no digit is lost", async () => {
  await using server = await startQdrant({ port: 0 });
  const qdrant = openQdrant({ url: server.url, apiKey: async () => null });
  const models = openModels({ modelDir: null, defaultModel: null, dimensions: null, threads: 1 });
  const { contract } = await models.open("static-384-8k");
  await qdrant.createCollection("memories", {
    vectors: { size: 384, distance: "Cosine" },
    metadata: withMark({}, { contract, source: null, migration: null }),
  });
  const put = (id: string, turn: number) =>
    `{"v":1,"op":"put","points":[{"id":${id},"payload":{"content":"private ${turn}","turn":${turn}}}]}`;
  const lines = [
    ...Array.from({ length: 25 }, (_, turn) => put(BIG, turn)),
    '{"v":1,"op":"put","points":"private"}',
    "private",
    put("8", 1),
    "",
    '{"v":1,"op":"delete","collection":"memories","ids":[8]}',
  ];

  const args = ["events", "--url", server.url, "--collection", "memories"];
  const { code, out, err } = await remaster(args, { input: lines.join("\n") });

  assert.match(out, /^27 events applied, 0 not applied, 2 lines refused/, err);
  assert.match(err, /Line 26: .*"points" must be[\s\S]*Line 27: .*not JSON/);
  assert.doesNotMatch(out + err, /private/);
  assert.equal(code, 1);
  assert.equal(await qdrant.count("memories"), 1);
  const [point] = await qdrant.retrieve("memories", [BIG], { vectors: true });
  assert.equal(point?.payload, '{"content":"private 24","turn":24}');
  assert.equal(JSON.parse(point?.vectors ?? "[]").length, 384);
});
