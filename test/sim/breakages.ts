// Versions of the product that are broken on purpose, made by wrapping its outside: the simulation must find each.
import type { Point, Qdrant } from "../../src/migration/ports.ts";
import type { Actor } from "./schedule.ts";
import type { Breakage } from "./world.ts";

/** Only what writes points of its own accord: page workers and live functions. */
const writes = ({ kind }: Actor): boolean => kind === "page" || kind === "live";

/** The second read of the source is answered from the first: no second look. */
function withoutSecondRead(qdrant: Qdrant, actor: Actor): Qdrant {
  if (!writes(actor)) return qdrant;
  const seen = new Map<string, Promise<unknown>>();
  const once = <T>(key: unknown, read: () => Promise<T>): Promise<T> => {
    const text = JSON.stringify(key);
    const first = seen.get(text) ?? read();
    seen.set(text, first);
    return first as Promise<T>;
  };
  return overridden(qdrant, {
    scroll: (...args) => once(["scroll", args], () => qdrant.scroll(...args)),
    retrieve: (...args) => once(["retrieve", args], () => qdrant.retrieve(...args)),
  });
}

/** What is there already is left as it is, and nothing is deleted: a plain copy. */
function insertOnly(qdrant: Qdrant, actor: Actor): Qdrant {
  if (!writes(actor)) return qdrant;
  return overridden(qdrant, {
    upsert: async (collection, points) => {
      const ids = points.map(({ id }) => id);
      const there = new Set((await qdrant.retrieve(collection, ids)).map(({ id }: Point) => id));
      const fresh = points.filter(({ id }) => !there.has(id));
      if (fresh.length > 0) await qdrant.upsert(collection, fresh);
    },
    delete: async () => {},
  });
}

const deletesIgnored = (qdrant: Qdrant, actor: Actor): Qdrant =>
  writes(actor) ? overridden(qdrant, { delete: async () => {} }) : qdrant;

function overridden(qdrant: Qdrant, some: Partial<Qdrant>): Qdrant {
  return new Proxy(qdrant, { get: (target, name) => Reflect.get(some, name) ?? Reflect.get(target, name) });
}

export const BREAKAGES: Readonly<Record<string, Breakage>> = {
  "no second read": { qdrant: withoutSecondRead },
  "an empty queue is done": {
    progress: (run, looked, isEmpty) =>
      isEmpty && turnOf(looked) === "wait"
        ? { ...run, ...objectOf(looked), next: run.pass === 0 ? "restore" : "again" }
        : looked,
  },
  "insert only": { qdrant: insertOnly },
  "deletes ignored": { qdrant: deletesIgnored },
  "no last look": {
    progress: (_run, looked) => (turnOf(looked) === "hold" ? { ...objectOf(looked), next: "swap" } : looked),
  },
};

const objectOf = (value: unknown): object => (typeof value === "object" && value !== null ? value : {});

const turnOf = (looked: unknown): unknown => new Map(Object.entries(objectOf(looked))).get("next");
