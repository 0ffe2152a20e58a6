// Another collection that somebody migrates at the same time: the same queue, the same workers, the same faults.

import { Actor } from "./schedule.ts";
import { PLAIN, vectorsIn } from "./setting.ts";
import type { Started, World } from "./world.ts";

const ALIAS = "notes";
const SOURCE = "notes_4d";
const TARGET = "notes_8d";
const MIGRATE = { action: "migrate", collection: ALIAS, sourceModel: "old", pageSizePoints: 3 };
const ATTEMPTS_MAX = 10;
const MEMORIES = 10;

/** Nobody writes to it, so whatever differs at the end came from the other migration, or was lost. */
export class Neighbour {
  readonly #world: World;
  readonly #actor = new Actor("neighbour", "operator");

  constructor(world: World) {
    this.#world = world;
  }

  async migrate(): Promise<void> {
    const { schedule, qdrant } = this.#world;
    await qdrant.createCollection(SOURCE, { vectors: { size: 4, distance: "Cosine" } });
    for (let n = 1; n <= MEMORIES; n++) {
      const payload = JSON.stringify({ content: `secret memory of a note ${n}`, n });
      const vectors = vectorsIn(PLAIN, PLAIN.source, payload);
      qdrant.points(SOURCE).set(String(n), { id: String(n), payload, vectors });
    }
    await qdrant.changeAliases([{ create_alias: { collection_name: SOURCE, alias_name: ALIAS } }]);
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      if ((await this.#run()).status === "READY") return;
      await schedule.sleep(this.#actor, schedule.betweenOf(0, 15_000));
    }
  }

  /** When nothing fails any more: it ends READY, and every memory is in both collections. */
  async check(): Promise<void> {
    const { watch, qdrant } = this.#world;
    const { status, cause } = await this.#run();
    if (status !== "READY") watch.fail(`a quiet migration of the neighbour ends as ${status}: ${cause}`);
    if (qdrant.names.get(ALIAS) !== SOURCE) watch.fail("the neighbour's alias was moved");
    const [source, target] = [qdrant.points(SOURCE), qdrant.points(TARGET)];
    if (source.size !== MEMORIES || target.size !== MEMORIES)
      watch.fail(`the neighbour has ${source.size} and ${target.size} of ${MEMORIES} memories`);
    for (const [id, { payload, vectors }] of source) {
      const copy = target.get(id);
      if (copy?.payload !== payload) watch.fail(`${id} of the neighbour is ${copy?.payload} in ${TARGET}`);
      if (
        copy?.vectors !== vectorsIn(PLAIN, "chat_8d", payload) ||
        vectors !== vectorsIn(PLAIN, PLAIN.source, payload)
      )
        watch.fail(`${id} of the neighbour has a vector of another text or model`);
    }
  }

  async #run(): Promise<Started> {
    const { schedule } = this.#world;
    const started = this.#world.start(MIGRATE);
    while (!started.isOver) await schedule.sleep(this.#actor, 3000);
    return started;
  }
}
