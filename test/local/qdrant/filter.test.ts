import assert from "node:assert/strict";
import { test } from "node:test";
import { startQdrant } from "../../../local/qdrant/server.ts";

// Payloads whose numbers and lists behave in ways that are easily got wrong. The id is the place in the list, from 1.
const payloads = [
  '{"n":1,"s":"red","list":[1,null],"at":"2024-05-01T10:00:00+02:00","geo":{"lon":13.4,"lat":52.5}}',
  '{"n":1.0,"s":["red","blue"],"list":[],"at":"2024-05-01 08:00:00"}',
  '{"n":18446744073709551615,"s":null,"list":null}',
  '{"n":[2,9007199254740993],"deep":[{"a":1,"b":2},{"a":3,"b":4}],"flag":false}',
  "{}",
];

const cases: readonly (readonly [string, string, readonly number[]])[] = [
  ["an integer matches integers and not 1.0", '{"key":"n","match":{"value":1}}', [1]],
  ["an integer beyond 2^53 matches exactly", '{"key":"n","match":{"value":9007199254740992}}', []],
  ["an integer beyond 2^53 matches in a list", '{"key":"n","match":{"value":9007199254740993}}', [4]],
  ["a range takes integers and doubles alike", '{"key":"n","range":{"gte":1,"lt":2.5}}', [1, 2, 4]],
  ["a string matches an element of a list", '{"key":"s","match":{"value":"red"}}', [1, 2]],
  ["except holds when one element is another", '{"key":"s","match":{"except":["red"]}}', [2]],
  ["except of strings holds for every number", '{"key":"n","match":{"except":["x"]}}', [1, 2, 3, 4]],
  ["is_empty holds for null, [] and nothing", '{"is_empty":{"key":"list"}}', [2, 3, 4, 5]],
  ["is_null holds for null and lists with null", '{"is_null":{"key":"list"}}', [1, 3]],
  ["is_null: false of a field holds for nothing there", '{"key":"list","is_null":false}', [2, 4, 5]],
  ["is_empty: false of a field needs a value", '{"key":"list","is_empty":false}', [1]],
  ["values_count of nothing is 0", '{"key":"s","values_count":{"lt":2}}', [1, 3, 4, 5]],
  [
    "times are compared as times",
    '{"key":"at","range":{"gte":"2024-05-01T08:00:00Z","lte":"2024-05-01T08:00:00Z"}}',
    [1, 2],
  ],
  ["false is a value", '{"key":"flag","match":{"value":false}}', [4]],
  ["arrays are entered only by []", '{"key":"deep.a","match":{"value":1}}', []],
  ["[] finds any element", '{"key":"deep[].a","match":{"value":3}}', [4]],
  ["an index finds one element", '{"key":"deep[0].a","match":{"value":3}}', []],
  [
    "nested looks at one element at a time",
    '{"nested":{"key":"deep","filter":{"must":[{"key":"a","match":{"value":1}},{"key":"b","match":{"value":4}}]}}}',
    [],
  ],
  [
    "nested finds the element that meets all",
    '{"nested":{"key":"deep","filter":{"must":[{"key":"a","match":{"value":3}},{"key":"b","match":{"value":4}}]}}}',
    [4],
  ],
  ["has_id never holds inside nested", '{"nested":{"key":"deep","filter":{"must":[{"has_id":[4]}]}}}', []],
  [
    "a filter may stand in the place of a condition",
    '{"should":[{"has_id":[5]},{"key":"s","match":{"value":"blue"}}]}',
    [2, 5],
  ],
  [
    "a radius takes what is nearer",
    '{"key":"geo","geo_radius":{"center":{"lon":13.4,"lat":52.4},"radius":12000}}',
    [1],
  ],
  [
    "a box across the date line",
    '{"key":"geo","geo_bounding_box":{"top_left":{"lon":170,"lat":60},"bottom_right":{"lon":20,"lat":0}}}',
    [1],
  ],
];

test("filters as Qdrant's own code and recordings say", async (t) => {
  await using server = await startQdrant({ port: 0 });
  const send = async (method: string, path: string, body: string): Promise<string> => {
    const answer = await fetch(`${server.url}/collections/f${path}`, { method, body });
    return answer.text();
  };
  await send("PUT", "", '{"vectors":{}}');
  const points = payloads.map((payload, at) => `{"id":${at + 1},"vector":{},"payload":${payload}}`);
  await send("PUT", "/points", `{"points":[${points.join(",")}]}`);

  for (const [name, condition, expected] of cases) {
    await t.test(name, async () => {
      const found = await send(
        "POST",
        "/points/scroll",
        `{"filter":{"must":[${condition}]},"with_payload":false}`,
      );

      const ids = [...found.matchAll(/"id":(\d+)/g)].map((match) => Number(match[1]));
      assert.deepEqual(ids, expected, found);
    });
  }

  await t.test("a condition without a test is refused with 422", async () => {
    const refused = await send("POST", "/points/scroll", '{"filter":{"must":[{"key":"n"}]}}');
    assert.match(refused, /At least one field condition must be specified/);
  });
});
