// One seeded scheduler for everything outside: each awaited call gets a random latency in virtual time and takes
// effect when its turn comes. No real clock and no real timer: a seed is one exact schedule.
import { setImmediate } from "node:timers/promises";
import { type Random, seeded } from "../support/random.ts";

/** Something that works and may be killed: from then on none of its calls takes effect or is answered. */
export class Actor {
  readonly name: string;
  readonly kind: "page" | "live" | "function" | "writer" | "execution" | "operator";
  isAlive = true;
  readonly #onDeath: (() => void)[] = [];

  constructor(name: string, kind: Actor["kind"]) {
    this.name = name;
    this.kind = kind;
  }

  onDeath(then: () => void): void {
    this.#onDeath.push(then);
  }

  kill(): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    for (const then of this.#onDeath) then();
  }
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => Promise<void> | void;
}

const TRACE_LENGTH = 60;
const START = Date.UTC(2026, 10, 25);

export class Schedule {
  readonly random: Random;
  /** Draws of faults that came later: those of before keep theirs. */
  readonly more: Random;
  /** Draws of what is migrated. */
  readonly setting: Random;
  /** Virtual milliseconds since 1970. */
  now = START;
  steps = 0;
  /** Share of calls that take long. */
  slowShare = 0.06;
  readonly trace: string[] = [];
  readonly #events: Event[] = [];
  #order = 0;

  constructor(seed: number) {
    this.random = seeded(seed);
    this.more = seeded(seed ^ 0x5eed);
    this.setting = seeded(seed ^ 0xb41d);
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return probability > 0 && this.random.int(1_000_000) < probability * 1_000_000;
  }

  /** `chance` and `between` of the later faults. */
  chanceOf(probability: number): boolean {
    return probability > 0 && this.more.int(1_000_000) < probability * 1_000_000;
  }

  betweenOf(least: number, most: number): number {
    return least + this.more.int(most - least + 1);
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.random.int(most - least + 1);
  }

  note(who: string, what: string): void {
    this.trace.push(`${((this.now - START) / 1000).toFixed(3).padStart(9)} s  ${who}: ${what}`);
    if (this.trace.length > TRACE_LENGTH) this.trace.shift();
  }

  /** Runs `run` after this many virtual milliseconds; those of one moment in the order they were asked for. */
  after(ms: number, run: Event["run"]): void {
    const event = { at: this.now + ms, order: this.#order++, run };
    // Binary search: the events stay sorted, the next one last.
    let [low, high] = [0, this.#events.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#events[middle];
      if (other !== undefined && other.at > event.at) low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, event);
  }

  /** Never settles for an actor that dies meanwhile. */
  sleep(actor: Actor, ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, () => (actor.isAlive ? resolve() : undefined)));
  }

  /** Mostly a few milliseconds, now and then up to 4 s: a request under way arrives within the drain of a swap. */
  latency(): number {
    return this.chance(this.slowShare) ? this.between(200, 4000) : this.between(1, 40);
  }

  /** Runs events until `isOver` says so, or none is left (false), or `stepsMax` were taken (false). */
  async run(isOver: () => boolean, stepsMax: number): Promise<boolean> {
    while (!isOver()) {
      const event = this.#events.pop();
      if (event === undefined || ++this.steps > stepsMax) return false;
      this.now = Math.max(this.now, event.at);
      await event.run();
      // Whatever follows from it without another outside call happens before the next event.
      await setImmediate();
    }
    return true;
  }
}
