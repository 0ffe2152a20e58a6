// A standard SQS queue and its event source mapping: at least once, in any order, early, late and twice; hidden
// while it is worked on, dead after too many tries.
import type { Queue } from "../../src/migration/ports.ts";
import { callOutside, type FaultRates } from "./faults.ts";
import type { Actor, Schedule } from "./schedule.ts";

interface Message {
  readonly id: string;
  readonly body: string;
  receives: number;
  isHidden: boolean;
}

export interface QueueRates {
  readonly twice: number;
  readonly late: number;
  /** Straight into the dead-letter queue. */
  readonly lost: number;
  /** A count of the queue that is wrong. */
  readonly miscounted: number;
}

export const NO_QUEUE_FAULTS: QueueRates = { twice: 0, late: 0, lost: 0, miscounted: 0 };

interface QueueWorld {
  readonly schedule: Schedule;
  readonly rates: FaultRates;
  readonly queueRates: QueueRates;
}

export interface QueueShape {
  readonly name: string;
  readonly workers: number;
  readonly visibilityMs: number;
  readonly receivesMax: number;
  /** Starts the function; settles with true when the message is done, never when the function was killed. */
  readonly work: (id: string, body: string) => Promise<boolean>;
  /** Called when a copy is made that will come at any later time. */
  readonly onCopy: (body: string) => void;
  readonly onDone: (id: string) => void;
}

export class SimulatedQueue {
  readonly #world: QueueWorld;
  readonly #shape: QueueShape;
  readonly #messages = new Map<string, Message>();
  readonly #dead = new Map<string, Message>();
  /** Visible, but every worker is at work. */
  #ready: Message[] = [];
  #busy = 0;
  #count = 0;

  constructor(world: QueueWorld, shape: QueueShape) {
    this.#world = world;
    this.#shape = shape;
  }

  get isEmpty(): boolean {
    return this.#messages.size === 0 && this.#dead.size === 0;
  }

  /** What a count of the queue calls empty: dead letters are elsewhere. */
  get isIdle(): boolean {
    return this.#messages.size === 0;
  }

  /** The queue as an actor sees it. */
  portFor(actor: Actor): Queue {
    const put = (bodies: readonly string[]) => void bodies.map((body) => this.put(body));
    return {
      send: (bodies) =>
        callOutside(this.#world, actor, {
          label: `send ${bodies.length} to ${this.#shape.name}`,
          effect: () => put(bodies),
          half: () => put(bodies.filter(() => this.#world.schedule.chance(0.5))),
        }),
      depth: () => callOutside(this.#world, actor, { label: "depth", effect: () => this.#depth() }),
    };
  }

  put(body: string): string {
    const { schedule, queueRates } = this.#world;
    const message = { id: `${this.#shape.name}-${++this.#count}`, body, receives: 0, isHidden: false };
    this.#messages.set(message.id, message);
    if (schedule.chance(queueRates.lost)) {
      schedule.note(this.#shape.name, `${message.id} goes to the dead letters`);
      this.#bury(message);
    } else {
      const isLate = schedule.chance(queueRates.late);
      schedule.after(isLate ? schedule.between(1000, 300_000) : schedule.between(1, 400), () =>
        this.#deliver(message),
      );
    }
    return message.id;
  }

  /** Dead letters go back, as after `start-message-move-task`. */
  redrive(): void {
    for (const message of this.#dead.values()) {
      Object.assign(message, { receives: 0, isHidden: false });
      this.#messages.set(message.id, message);
      this.#world.schedule.after(this.#world.schedule.between(1, 400), () => this.#deliver(message));
    }
    this.#dead.clear();
  }

  #depth() {
    const hidden = [...this.#messages.values()].filter(({ isHidden }) => isHidden).length;
    const waiting = this.#messages.size - hidden;
    const { schedule, queueRates } = this.#world;
    if (schedule.chance(queueRates.miscounted)) return { waiting: 0, inFlight: 0, dead: 0 };
    return { waiting, inFlight: hidden, dead: this.#dead.size };
  }

  #bury(message: Message): void {
    this.#messages.delete(message.id);
    this.#dead.set(message.id, message);
  }

  #deliver(message: Message): void {
    const { schedule, queueRates } = this.#world;
    if (!this.#messages.has(message.id) || message.isHidden) return;
    if (this.#busy >= this.#shape.workers) {
      if (!this.#ready.includes(message)) this.#ready.push(message);
      return;
    }
    if (++message.receives > this.#shape.receivesMax) {
      this.#bury(message);
      return;
    }
    message.isHidden = true;
    if (schedule.chance(queueRates.twice)) this.#copy(message);
    const reappear = () => {
      message.isHidden = false;
      this.#deliver(message);
    };
    schedule.after(this.#shape.visibilityMs, reappear);
    this.#work(message);
  }

  /** No order is promised: any of those that wait. */
  #deliverNext(): void {
    if (this.#ready.length === 0) return;
    const next = this.#world.schedule.random.pick(this.#ready);
    this.#ready = this.#ready.filter((message) => message !== next);
    this.#deliver(next);
  }

  /** The same message once more, now or long after. */
  #copy({ id, body }: Message): void {
    const { schedule } = this.#world;
    const copy = { id: `${id}-again${++this.#count}`, body, receives: 0, isHidden: false };
    this.#messages.set(copy.id, copy);
    this.#shape.onCopy(body);
    const laterMs = schedule.chance(0.5) ? schedule.between(1, 2000) : schedule.between(2000, 600_000);
    schedule.after(laterMs, () => this.#deliver(copy));
  }

  async #work(message: Message): Promise<void> {
    this.#busy++;
    const isDone = await this.#shape.work(message.id, message.body);
    this.#busy--;
    if (isDone) {
      this.#messages.delete(message.id);
      this.#shape.onDone(message.id);
    }
    this.#deliverNext();
  }
}
