// The outside as one actor sees it: every call goes through the scheduler and may fail in the ways real services do.
import { DEFAULTS } from "../../src/defaults.ts";
import { TransientError } from "../../src/migration/errors.ts";
import type {
  AliasAction,
  CollectionInfo,
  Ledger,
  PointWrite,
  Qdrant,
  WriteOptions,
} from "../../src/migration/ports.ts";
import type { FakeLedger } from "../support/ledger.ts";
import type { FakeQdrant } from "../support/qdrant.ts";
import type { Replica } from "./replica.ts";
import type { Actor, Schedule } from "./schedule.ts";
import { answering } from "./setting.ts";

/** Probabilities of one call. */
export interface FaultRates {
  /** The process is killed before the effect, or after it. */
  readonly kill: number;
  /** 408, 429, 503, 507 or a reset before the effect. */
  readonly refuse: number;
  /** The effect took place and the answer was lost. */
  readonly lose: number;
  /** Part of an upsert, or of the messages sent, and then an error. */
  readonly half: number;
  /** A page of a scroll that is shorter than asked. */
  readonly short: number;
  /** The client waits for Retry-After and sends the same request again. */
  readonly patience: number;
}

/** Faults that came later, drawn from a generator of their own. */
export interface HazardRates {
  /** A guarded write that is under way for up to its ten seconds. */
  readonly slowWrite: number;
  /** The writer is killed and its request arrives all the same. */
  readonly orphan: number;
  /** The server takes a write in, its sender gives it up, and it is applied up to half a minute later. */
  readonly queued: number;
  /** An answer of the ledger that takes up to 8 s. */
  readonly slowAnswer: number;
  /** A call that takes up to a minute until it arrives; a guarded write is given up before. */
  readonly stalled: number;
  /** A read of points whose answer takes up to a minute, and is that old when it comes. */
  readonly slowRead: number;
  /** A read of points from a replica that is a few seconds behind. */
  readonly staleRead: number;
  /** A replace that met another writer (409): nothing was written. */
  readonly conflict: number;
  /** A worker that was given another model. */
  readonly otherModel: number;
  /** Clocks of functions differ by up to so many ms. */
  readonly skewMs: number;
}

export const NO_FAULTS: FaultRates = { kill: 0, refuse: 0, lose: 0, half: 0, short: 0, patience: 0 };
export const NO_HAZARDS: HazardRates = {
  slowWrite: 0,
  orphan: 0,
  queued: 0,
  slowAnswer: 0,
  stalled: 0,
  slowRead: 0,
  staleRead: 0,
  conflict: 0,
  otherModel: 0,
  skewMs: 0,
};

interface Ask<T> {
  readonly label: string;
  readonly effect: () => Promise<T> | T;
  /** The effect on a part of what was asked. */
  readonly half?: () => Promise<unknown> | unknown;
  /** What a client that repeats on its own answers when the first try had its effect. */
  readonly afterRepeat?: T;
  readonly patienceMsMax?: number;
  readonly beforeRepeat?: () => Promise<void>;
  /** How long the answer takes once the effect is there. */
  readonly answerMs?: () => number;
  /** The server's own queue: a write may wait in it, and none overtakes another. */
  readonly queue?: ServerQueue;
}

/** Writes of one collection that the server took in and has not applied. */
export class ServerQueue {
  waiting = 0;
}

/** One call of an actor: waits its turn, takes effect or not, answers or not. */
export function callOutside<T>(
  world: { readonly schedule: Schedule; readonly rates: FaultRates; readonly hazards?: HazardRates },
  actor: Actor,
  ask: Ask<T>,
): Promise<T> {
  const { schedule } = world;
  const transient = (how: string) => new TransientError(`${ask.label}: ${how}`);
  const isGuarded = ask.beforeRepeat !== undefined;
  return new Promise<T>((resolve, reject) => {
    const take = async (): Promise<void> => {
      const { rates, hazards = NO_HAZARDS } = world;
      const note = (how: string) => schedule.note(actor.name, `${ask.label}${how}`);
      if (!actor.isAlive) {
        if (!isGuarded || !schedule.chanceOf(hazards.orphan)) return;
        note(" LANDS AFTER ITS SENDER'S DEATH");
        return unheard(ask.effect);
      }
      // Behind those that the server took in before.
      if (ask.queue !== undefined && ask.queue.waiting > 0) return schedule.after(100, take);
      if (ask.queue !== undefined && isGuarded && schedule.chanceOf(hazards.queued)) {
        note(" TAKEN IN, GIVEN UP");
        takeIn(schedule, ask.queue, ask.effect);
        return schedule.after(WRITE_MS, () => reject(transient("given up")));
      }
      if (schedule.chance(rates.kill)) {
        const isAfter = schedule.chance(0.5);
        if (isAfter) await unheard(ask.effect);
        note(isAfter ? " KILLED AFTER" : " KILLED BEFORE");
        return actor.kill();
      }
      if (schedule.chance(rates.refuse)) {
        note(" REFUSED 503");
        return reject(transient("503"));
      }
      if (ask.patienceMsMax !== undefined && schedule.chance(rates.patience)) {
        note(" 429, WAITS");
        // Not awaited by this event: the check before the repetition is an outside call of its own.
        const repeat = () => void (ask.beforeRepeat?.() ?? Promise.resolve()).then(send, reject);
        return schedule.after(schedule.between(1000, ask.patienceMsMax), repeat);
      }
      if (ask.half !== undefined && schedule.chance(rates.half)) {
        await unheard(ask.half);
        note(" HALF APPLIED");
        return reject(transient("reset in the middle"));
      }
      try {
        const answer = await ask.effect();
        if (schedule.chance(rates.lose)) {
          note(" ANSWER LOST");
          return ask.afterRepeat === undefined || schedule.chance(0.5)
            ? reject(transient("reset"))
            : resolve(ask.afterRepeat);
        }
        note("");
        const answerMs = ask.answerMs?.() ?? 0;
        if (answerMs === 0) resolve(answer);
        else schedule.after(answerMs, () => (actor.isAlive ? resolve(answer) : undefined));
      } catch (error) {
        note(` ${String(error)}`);
        reject(error);
      }
    };
    const send = () => {
      const isSlow = schedule.chanceOf((isGuarded ? world.hazards?.slowWrite : world.hazards?.stalled) ?? 0);
      const slowMs = () =>
        isGuarded ? schedule.betweenOf(4000, WRITE_MS) : schedule.betweenOf(4000, 60_000);
      schedule.after(isSlow ? slowMs() : schedule.latency(), take);
    };
    send();
  });
}

/** An effect whose answer nobody hears, a refusal least of all. */
async function unheard(effect: () => unknown): Promise<void> {
  try {
    await effect();
  } catch {
    // The collection may be gone by now.
  }
}

/** After this time a guarded write is given up. */
const WRITE_MS = DEFAULTS.writeSecondsMax * 1000;

function takeIn(schedule: Schedule, queue: ServerQueue, effect: () => unknown): void {
  queue.waiting++;
  schedule.after(schedule.betweenOf(1000, 30_000), async () => {
    queue.waiting--;
    await unheard(effect);
  });
}

interface QdrantWorld {
  readonly schedule: Schedule;
  readonly rates: FaultRates;
  readonly hazards: HazardRates;
  readonly serverQueues: Map<string, ServerQueue>;
  readonly qdrant: FakeQdrant;
  readonly replica: Replica;
  /** Called when a write of points takes effect. */
  readonly onWrite: (actor: Actor, collection: string, ids: readonly string[]) => void;
  /** Called before aliases are changed. */
  readonly onAliases: (actor: Actor, actions: readonly AliasAction[]) => void;
  readonly patienceMsMax: number;
}

export function qdrantFor(world: QdrantWorld, actor: Actor): Qdrant {
  const { qdrant } = world;
  const call = (name: string, args: readonly unknown[]): Promise<unknown> => {
    const method: unknown = Reflect.get(qdrant, name);
    if (typeof method !== "function") throw new Error(`Qdrant has no ${name}.`);
    const apply = (given: readonly unknown[]) => Reflect.apply(method, qdrant, given);
    const isRead = name === "scroll" || name === "retrieve";
    const observe = () => observeEffect(world, actor, name, args);
    return callOutside<unknown>(world, actor, {
      label: labelOf(name, args),
      effect: () => {
        observe();
        const given = name === "scroll" ? shortened(world, args) : args;
        if (isRead && isThere(world.replica, args) && chanceOf(world, "staleRead"))
          return Reflect.apply(method, world.replica.qdrant, given);
        return name === "collection" ? withQueue(world, args, apply(given)) : apply(given);
      },
      ...(isRead
        ? { answerMs: () => (chanceOf(world, "slowRead") ? world.schedule.betweenOf(1000, 60_000) : 0) }
        : {}),
      ...(POINT_WRITES.includes(name) ? { queue: queueOf(world, args) } : {}),
      ...(name === "upsert" || name === "updateVectors"
        ? {
            half: () => {
              observe();
              const [collection, points, ...rest] = args;
              return apply([collection, pointsOf(points).filter(() => world.schedule.chance(0.5)), ...rest]);
            },
          }
        : {}),
      patienceMsMax: world.patienceMsMax,
      // Their options come last.
      ...(GUARDED.includes(name) ? repeatOf(args.at(-1)) : {}),
    });
  };
  return new Proxy<Qdrant>(qdrant, {
    get:
      (target, name) =>
      (...args: unknown[]) => {
        // No request leaves for these.
        const isLocal = name === "waitedMs" || name === "keyDescription" || name === "keyProblems";
        return isLocal ? Reflect.apply(Reflect.get(target, name), target, args) : call(String(name), args);
      },
  });
}

const POINT_WRITES: readonly string[] = ["upsert", "delete", "updateVectors", "deleteVector"];
const GUARDED: readonly string[] = [...POINT_WRITES, "changeAliases", "deleteCollection"];

const isThere = ({ qdrant }: Replica, [collection]: readonly unknown[]): boolean =>
  qdrant.stored.has(String(collection)) || qdrant.names.has(String(collection));

function queueOf({ serverQueues, qdrant }: QdrantWorld, [name]: readonly unknown[]): ServerQueue {
  const collection = answering(qdrant, String(name));
  const queue = serverQueues.get(collection) ?? new ServerQueue();
  serverQueues.set(collection, queue);
  return queue;
}

async function withQueue(
  world: QdrantWorld,
  args: readonly unknown[],
  answer: Promise<CollectionInfo | null>,
): Promise<CollectionInfo | null> {
  const info = await answer;
  return info === null ? null : { ...info, updateQueueLength: queueOf(world, args).waiting };
}

function observeEffect(world: QdrantWorld, actor: Actor, name: string, args: readonly unknown[]): void {
  const [collection, what] = args;
  if (name === "upsert")
    world.onWrite(
      actor,
      String(collection),
      pointsOf(what).map(({ id }) => id),
    );
  if (name === "delete" && Array.isArray(what)) world.onWrite(actor, String(collection), what.map(String));
  if (name === "changeAliases") world.onAliases(actor, aliasActionsOf(collection));
}

const repeatOf = (options: unknown): Pick<WriteOptions, "beforeRepeat"> =>
  typeof options === "object" && options !== null && !Array.isArray(options) ? options : {};

const pointsOf = (value: unknown): readonly PointWrite[] => (Array.isArray(value) ? value : []);

const aliasActionsOf = (value: unknown): readonly AliasAction[] => (Array.isArray(value) ? value : []);

function shortened({ schedule, rates }: QdrantWorld, args: readonly unknown[]): readonly unknown[] {
  const [collection, from, limit, options] = args;
  if (!schedule.chance(rates.short)) return args;
  return [collection, from, schedule.between(1, Number(limit)), options];
}

function labelOf(name: string, args: readonly unknown[]): string {
  const [collection, what] = args;
  const ids = name === "upsert" || name === "updateVectors" ? pointsOf(what).map(({ id }) => id) : what;
  return `${name} ${JSON.stringify(collection ?? "")} ${JSON.stringify(ids ?? "").slice(0, 120)}`;
}

interface LedgerWorld {
  readonly schedule: Schedule;
  readonly rates: FaultRates;
  readonly hazards: HazardRates;
  readonly ledger: FakeLedger;
  /** Called after a write took effect. */
  readonly onLedger: (actor: Actor, key: string, body: string) => void;
}

export function ledgerFor(world: LedgerWorld, actor: Actor): Ledger {
  const { ledger } = world;
  const write = (label: string, key: string, body: string, effect: () => Promise<boolean>) =>
    callOutside<boolean>(world, actor, {
      label: `${label} ${key}`,
      effect: async () => {
        const wrote = await effect();
        if (wrote) world.onLedger(actor, key, body);
        return wrote;
      },
      // A client that repeats a conditional write whose answer was lost finds its own write in the way.
      afterRepeat: false,
    });
  return {
    read: (key) =>
      callOutside(world, actor, {
        label: `read ${key}`,
        effect: () => ledger.read(key),
        answerMs: () => (chanceOf(world, "slowAnswer") ? world.schedule.betweenOf(1, 8000) : 0),
      }),
    create: (key, body) => write("create", key, body, () => ledger.create(key, body)),
    replace: (key, body, version) =>
      write("replace", key, body, async () =>
        chanceOf(world, "conflict") ? false : ledger.replace(key, body, version),
      ),
    async *list(prefix, after) {
      const keys = await callOutside(world, actor, {
        label: `list ${prefix}`,
        effect: async () => {
          const found: string[] = [];
          for await (const key of ledger.list(prefix, after)) found.push(key);
          return found;
        },
      });
      yield* keys;
    },
  };
}

const chanceOf = (
  { schedule, hazards }: Pick<LedgerWorld, "schedule" | "hazards">,
  name: keyof HazardRates,
): boolean => schedule.chanceOf(hazards[name]);
