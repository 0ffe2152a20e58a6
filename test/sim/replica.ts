// A second replica of every collection that is a few seconds behind: what a cluster may answer a read from.
import { PointMap } from "../support/points.ts";
import { FakeQdrant } from "../support/qdrant.ts";
import type { Schedule } from "./schedule.ts";

/** Shorter than the drain of a swap: what lags for longer is not caught by waiting. */
const LAG_MS_MAX = 5000;

export class Replica {
  readonly #real: FakeQdrant;
  #copy: FakeQdrant;

  constructor(real: FakeQdrant) {
    this.#real = real;
    this.#copy = copyOf(real);
  }

  /** As it was at most five seconds ago. */
  get qdrant(): FakeQdrant {
    return this.#copy;
  }

  /** Follows the real one for as long as the schedule runs. */
  follow(schedule: Schedule): void {
    this.#copy = copyOf(this.#real);
    schedule.after(schedule.betweenOf(500, LAG_MS_MAX), () => this.follow(schedule));
  }
}

function copyOf(real: FakeQdrant): FakeQdrant {
  const copy = new FakeQdrant();
  for (const [alias, collection] of real.names) copy.names.set(alias, collection);
  for (const [name, { config, payloadSchema, points }] of real.stored) {
    const copied = new PointMap();
    for (const [id, point] of points) copied.set(id, point);
    copy.stored.set(name, { config, payloadSchema, points: copied });
  }
  return copy;
}
