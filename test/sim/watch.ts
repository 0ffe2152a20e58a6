// The invariants that must hold at every moment, looked at whenever something is written.

import type { AliasAction } from "../../src/migration/ports.ts";
import type { PageRecord } from "../../src/migration/record.ts";
import type { MigrationState } from "../../src/migration/state.ts";
import type { Actor } from "./schedule.ts";
import { answering, READERS_NAME, TARGET } from "./setting.ts";
import type { World } from "./world.ts";

export class Watch {
  readonly violations: string[] = [];
  /** Somebody asked for the old collection's end. */
  mayCleanUp = false;
  /** Points written by page workers and live functions. */
  pointsWritten = 0;
  readonly #world: World;
  readonly #writtenBy = new Map<Actor, number>();
  #wasBackfilled = false;
  #hadTarget = false;

  constructor(world: World) {
    this.#world = world;
  }

  fail(what: string): void {
    this.#world.schedule.note("VIOLATION", what);
    this.violations.push(what);
  }

  /** Readers' name resolves, and to a side of this migration; neither side vanishes. */
  always(): void {
    const { qdrant, truth } = this.#world;
    if (!qdrant.stored.has(answering(qdrant, READERS_NAME))) this.fail(`${READERS_NAME} resolves to nothing`);
    if (!this.mayCleanUp && !qdrant.stored.has(truth.setting.source))
      this.fail("the old collection is gone before any cleanup");
    this.#hadTarget ||= qdrant.stored.has(TARGET);
    if (this.#hadTarget && !qdrant.stored.has(TARGET)) this.fail("the new collection is gone");
  }

  /** Before a write of points takes effect. */
  write(actor: Actor, collection: string, ids: readonly string[]): void {
    const { qdrant } = this.#world;
    this.pointsWritten += ids.length;
    this.#writtenBy.set(actor, (this.#writtenBy.get(actor) ?? 0) + ids.length);
    if (answering(qdrant, collection) !== answering(qdrant, READERS_NAME)) return;
    if (actor.kind === "page")
      this.fail(`a page of ${actor.name} writes ${ids} into ${collection}, which serves`);
    if (actor.kind === "live" && this.#world.touching(actor))
      this.fail(`a touch of ${actor.name} writes ${ids} into ${collection}, which serves`);
  }

  /** Right before readers are sent to the other side: both sides are one. */
  beforeSwap(actor: Actor, actions: readonly AliasAction[]): void {
    const { truth, qdrant } = this.#world;
    const to = namesAfter(qdrant.names, actions).get(READERS_NAME) ?? READERS_NAME;
    if (answering(qdrant, READERS_NAME) === to) return;
    for (const wrong of truth.check(qdrant, { lenient: false }))
      this.fail(`at the swap by ${actor.name}: ${wrong}`);
    truth.untold.clear();
  }

  /** A page's record says what was done, not what is going to be done. */
  record(actor: Actor, key: string, body: string): void {
    if (actor.kind !== "page" || !key.includes("/records/")) return;
    const { tally, deleted }: PageRecord = JSON.parse(body);
    const written = this.#writtenBy.get(actor) ?? 0;
    if (tally.migrated + deleted > written)
      this.fail(`${actor.name} records ${tally.migrated + deleted} points as written and wrote ${written}`);
  }

  /** Done is a fact: what the state says is finished has its records. */
  ledger(key: string, body: string): void {
    if (
      !key.startsWith(`migrations/${this.#world.truth.setting.source}.`) ||
      !key.endsWith("/migration.json")
    )
      return;
    const state: MigrationState = JSON.parse(body);
    if (!state.backfilled || this.#wasBackfilled) return;
    this.#wasBackfilled = true;
    const { objects } = this.#world.ledger;
    const stored = [...objects].filter(([name]) =>
      name.startsWith(`migrations/${state.migration}/pass-00000000/`),
    );
    const blocks = stored.filter(([name]) => name.includes("/pages/")).map(([, one]) => JSON.parse(one.body));
    const records: PageRecord[] = stored
      .filter(([name]) => name.includes("/records/"))
      .map(([, one]) => JSON.parse(one.body));
    const planned = blocks.reduce((sum: number, block) => sum + block.pages.length, 0);
    if (planned !== records.length)
      this.fail(`the load is called done with ${records.length} of ${planned} pages recorded`);
    const tally = state.backfill?.tally;
    if (tally === undefined) return;
    const parts = tally.migrated + tally.unchanged + tally.skipped + tally.failed;
    const total = records.reduce((sum, record) => sum + record.tally.total, 0);
    if (tally.total !== parts || tally.total !== total)
      this.fail(`the tally does not add up: ${JSON.stringify(tally)}, records ${total}`);
  }

  /** No text of a memory outside Qdrant, the live queue and a worker's memory. */
  private(): void {
    const { ledger, log } = this.#world;
    for (const [key, { body }] of ledger.objects)
      if (body.includes("secret memory")) this.fail(`text of a memory in ${key}`);
    if (log.some((line) => line.includes("secret memory"))) this.fail("text of a memory in the log");
  }
}

function namesAfter(
  names: ReadonlyMap<string, string>,
  actions: readonly AliasAction[],
): ReadonlyMap<string, string> {
  const after = new Map(names);
  for (const action of actions)
    if ("create_alias" in action)
      after.set(action.create_alias.alias_name, action.create_alias.collection_name);
    else if ("delete_alias" in action) after.delete(action.delete_alias.alias_name);
    else {
      const { old_alias_name: from, new_alias_name: to } = action.rename_alias;
      after.set(to, after.get(from) ?? "");
      after.delete(from);
    }
  return after;
}
