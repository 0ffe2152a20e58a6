// Versions of the product that are broken on purpose, made by wrapping its outside: the simulation must find each.
import { TransientError } from "../../src/migration/errors.ts";
import { stateKey } from "../../src/migration/keys.ts";
import { NOTHING_FOUND } from "../../src/migration/pass.ts";
import type { Point, Qdrant } from "../../src/migration/ports.ts";
import type { Actor } from "./schedule.ts";
import { answering } from "./setting.ts";
import type { Breakage, Ends, World } from "./world.ts";

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

/** The record of a page first, and then what it says. */
function recordFirst({ qdrant, ledger }: Ends, actor: Actor): Ends {
  if (actor.kind !== "page") return { qdrant, ledger };
  const held: (() => Promise<void>)[] = [];
  return {
    qdrant: overridden(qdrant, {
      upsert: async (...args) => void held.push(() => qdrant.upsert(...args)),
      delete: async (...args) => void held.push(() => qdrant.delete(...args)),
    }),
    ledger: {
      ...ledger,
      create: async (key, body) => {
        const wrote = await ledger.create(key, body);
        for (const write of held.splice(0)) await write();
        return wrote;
      },
    },
  };
}

/** A refusal that passes is taken for an answer. */
function refusalsAreAnswers(qdrant: Qdrant, actor: Actor): Qdrant {
  if (!writes(actor)) return qdrant;
  const forgiving = (error: unknown): void => {
    if (!(error instanceof TransientError)) throw error;
  };
  return overridden(qdrant, {
    upsert: (...args) => qdrant.upsert(...args).catch(forgiving),
    delete: (...args) => qdrant.delete(...args).catch(forgiving),
  });
}

/** The first page of a range is taken for the whole. */
const endsEarly = (qdrant: Qdrant, { kind }: Actor): Qdrant =>
  kind === "function"
    ? overridden(qdrant, { scroll: async (...args) => ({ ...(await qdrant.scroll(...args)), next: null }) })
    : qdrant;

/** After the swap the old collection hears of nothing. */
function oldSideForgotten(qdrant: Qdrant, actor: Actor, world: World): Qdrant {
  const isForgotten = (name: string) =>
    answering(world.qdrant, name) === world.truth.setting.source && world.state?.direction === "reverse";
  if (!writes(actor)) return qdrant;
  return overridden(qdrant, {
    upsert: async (...args) => (isForgotten(args[0]) ? undefined : qdrant.upsert(...args)),
    delete: async (...args) => (isForgotten(args[0]) ? undefined : qdrant.delete(...args)),
  });
}

/** On a bridge nobody makes the vector that a writer did not know. */
const halfPoints = (qdrant: Qdrant, actor: Actor): Qdrant =>
  writes(actor) ? overridden(qdrant, { updateVectors: async () => {} }) : qdrant;

/** Whatever the last look finds while writes are held back, it is said to have found nothing. */
function foundNothing(_run: unknown, looked: unknown, _isEmpty: boolean, world: World): unknown {
  const { state, ledger } = world;
  if (turnOf(looked) !== "again" || state?.phase !== "swap" || state.verified === null) return looked;
  const key = stateKey(state.migration);
  const stored = ledger.objects.get(key);
  const verified = { ...state.verified, found: NOTHING_FOUND };
  if (stored !== undefined)
    ledger.objects.set(key, { ...stored, body: JSON.stringify({ ...state, verified }) });
  return { ...objectOf(looked), next: "swap" };
}

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
  "the record before the write": { outside: recordFirst },
  "a 503 taken for an answer": { qdrant: refusalsAreAnswers },
  "the end after one page": { qdrant: endsEarly },
  "no writes to the old side after the swap": { qdrant: oldSideForgotten },
  "insert only": { qdrant: insertOnly },
  "half points over a bridge": { qdrant: halfPoints },
  "deletes ignored": { qdrant: deletesIgnored },
  "no last look": { progress: foundNothing },
};

const objectOf = (value: unknown): object => (typeof value === "object" && value !== null ? value : {});

const turnOf = (looked: unknown): unknown => new Map(Object.entries(objectOf(looked))).get("next");
