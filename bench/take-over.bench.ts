// How often a name does not answer while it is taken over and given back:
//   node bench/take-over.bench.ts [--url http://localhost:6333] [--times 100]
// Without an address the built-in Qdrant is asked. Makes two empty collections and throws them away.
import { parseArgs } from "node:util";
import { startQdrant } from "../local/qdrant/server.ts";
import type { AliasAction } from "../src/migration/ports.ts";
import { type Gap, moveOwnName, whileAsking } from "../src/migration/takeOver.ts";
import { openQdrant } from "../src/qdrant/client.ts";

const { values } = parseArgs({
  options: { url: { type: "string" }, times: { type: "string", default: "100" } },
});
await using builtIn = values.url === undefined ? await startQdrant({ port: 0 }) : null;
const qdrant = openQdrant({
  url: values.url ?? builtIn?.url ?? "",
  apiKey: async () => process.env.QDRANT_API_KEY ?? null,
});
const [name, target] = ["remaster_bench_name", "remaster_bench_target"];

async function measure(change: (forward: boolean) => Promise<Gap>): Promise<Gap> {
  const sum = { asked: 0, unanswered: 0 };
  for (let turn = 0; turn < 2 * Number(values.times); turn++) {
    const { asked, unanswered } = await change(turn % 2 === 0);
    sum.asked += asked;
    sum.unanswered += unanswered;
  }
  return sum;
}

/** What is documented: the name is freed first. Both sides are empty, so deleting costs nothing here. */
function deleteThenCreate(forward: boolean): Promise<Gap> {
  const to = forward ? target : other;
  const actions: readonly AliasAction[] = [{ create_alias: { collection_name: to, alias_name: freed } }];
  return whileAsking(qdrant, freed, async () => {
    await qdrant.changeAliases([{ delete_alias: { alias_name: freed } }]);
    await qdrant.changeAliases(actions);
  });
}

const [other, freed] = ["remaster_bench_other", "remaster_bench_alias"];
try {
  for (const collection of [name, target, other])
    await qdrant.createCollection(collection, { vectors: { size: 2, distance: "Dot" } });
  const taken = await measure((forward) =>
    moveOwnName(qdrant, { name, target, forward, change: (actions) => qdrant.changeAliases(actions) }),
  );
  const documented = await measure(deleteThenCreate);
  for (const [way, { asked, unanswered }] of [
    ["taken over by a renamed alias", taken],
    ["freed first, then an alias", documented],
  ] as const)
    process.stdout.write(
      `${way}: ${values.times} times there and back, asked ${asked} times, ${unanswered} times no answer\n`,
    );
} finally {
  await qdrant.changeAliases([{ delete_alias: { alias_name: name } }]);
  for (const collection of [name, target, other]) await qdrant.deleteCollection(collection);
}
