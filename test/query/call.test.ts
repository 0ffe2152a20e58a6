import assert from "node:assert/strict";
import { test } from "node:test";
import { TransientError } from "../../src/migration/errors.ts";
import { encodeVector } from "../../src/qdrant/wire.ts";
import { answerCall, type HttpAnswer } from "../../src/queryCall.ts";
import { fakeVector } from "../support/embedder.ts";
import { machineWithMemories, NEW, type StoryMachine } from "../support/machine.ts";

const BIG = "9007199254740993";
const QUERY = { alias: "chat", texts: ["secret question"] };
const SEARCH = { ...QUERY, search: { limit: 2 } };

const overHttp = (body: string, isBase64Encoded = false) => ({
  version: "2.0",
  requestContext: { http: { method: "POST", path: "/" } },
  body: isBase64Encoded ? Buffer.from(body).toString("base64") : body,
  isBase64Encoded,
});

async function migrated(): Promise<StoryMachine> {
  const machine = await machineWithMemories(3);
  const migrate = { action: "migrate", collection: "chat", sourceModel: "old", cutover: "auto" };
  await machine.run(migrate);
  return machine;
}

const call = (machine: StoryMachine, event: unknown) =>
  answerCall(
    {
      open: () => machine,
      log: (name, fields) => void machine.log.push(JSON.stringify({ name, ...fields })),
    },
    event,
  );

const callOverHttp = async (machine: StoryMachine, body: string, isBase64Encoded = false) =>
  (await call(machine, overHttp(body, isBase64Encoded))) as HttpAnswer;

test("a direct call and one over HTTP get the same answer", async () => {
  const machine = await migrated();
  const direct = await call(machine, QUERY);

  const { id, fingerprint, dimensions } = NEW;
  // As short as a float32 can be written.
  const vectors = JSON.parse(`[${encodeVector(fakeVector(NEW, "secret question"))}]`);
  assert.deepEqual(direct, { collection: "chat_8d", contract: { id, fingerprint, dimensions }, vectors });
  for (const isBase64Encoded of [false, true]) {
    const { statusCode, body, headers } = await callOverHttp(machine, JSON.stringify(QUERY), isBase64Encoded);
    assert.equal(statusCode, 200);
    assert.equal(headers["content-type"], "application/json");
    assert.deepEqual(JSON.parse(body), direct);
  }
});

test("ids and payloads come over HTTP digit by digit", async () => {
  const machine = await migrated();
  const vector = JSON.stringify([...fakeVector(NEW, "secret question")]);
  machine.qdrant.points("chat_8d").set(BIG, { id: BIG, payload: `{"n":${BIG},"x":1.0}`, vectors: vector });

  const { body } = await callOverHttp(machine, JSON.stringify(SEARCH));

  assert.match(
    body,
    new RegExp(`"results":\\[\\[\\{"id":${BIG},"score":[01.9]+,"payload":\\{"n":${BIG},"x":1.0\\}`),
  );
});

const CASES: readonly (readonly [string, number, string, (machine: StoryMachine) => void])[] = [
  ["no JSON", 400, "secret {", () => {}],
  ["no body", 400, "", () => {}],
  ["a query with a typo", 400, JSON.stringify({ ...QUERY, serach: {} }), () => {}],
  ["a name that is nobody's", 409, JSON.stringify({ ...QUERY, alias: "nobody" }), () => {}],
  [
    "a server that does not answer",
    503,
    JSON.stringify(SEARCH),
    ({ qdrant }) => {
      qdrant.before = () => {
        throw new TransientError("Qdrant does not answer.");
      };
    },
  ],
  [
    "a bug",
    500,
    JSON.stringify(SEARCH),
    ({ qdrant }) => {
      qdrant.before = () => {
        throw new TypeError("cannot read secret question");
      };
    },
  ],
];

for (const [name, status, sent, prepare] of CASES)
  test(`${name} is status ${status}, and no text is in the answer or the log`, async () => {
    const machine = await migrated();
    prepare(machine);

    const { statusCode, body } = await callOverHttp(machine, sent);

    assert.equal(statusCode, status, body);
    assert.deepEqual(Object.keys(JSON.parse(body)), ["error", "message"]);
    assert.match(machine.log.at(-1) ?? "", /query\.failed/);
    assert.doesNotMatch(body + machine.log.join("\n"), /secret|\bat .*\.ts/);
  });

test("a direct call is refused by an error with the name others of its kind have", async () => {
  const machine = await migrated();

  await assert.rejects(call(machine, { ...QUERY, alias: "nobody" }), { name: "RefusedError" });
  await assert.rejects(call(machine, {}), { name: "ConfigError" });
});
