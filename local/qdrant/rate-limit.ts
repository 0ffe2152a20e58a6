import type { Collection } from "./collection.ts";
import { QdrantFault } from "./fault.ts";
import { limitAt, strictModeOf } from "./strict-mode.ts";

interface Bucket {
  readonly capacity: number;
  tokens: number;
  filledAtMs: number;
}

const names = { read: "read_rate_limit", write: "write_rate_limit" } as const;

/** The token buckets of strict mode: as many tokens as the limit says, filled evenly over a minute. */
export class RateLimits {
  readonly #buckets = new WeakMap<Collection, Partial<Record<keyof typeof names, Bucket>>>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes `cost` tokens or throws 429, with Retry-After unless waiting cannot help. */
  take(collection: Collection, kind: keyof typeof names, cost: number): void {
    const capacity = limitAt(strictModeOf(collection), names[kind]);
    if (capacity === undefined) return;
    const bucket = this.#bucket(collection, kind, capacity);
    const label = kind === "read" ? "Read" : "Write";
    if (cost > capacity) {
      const advice = "request larger than rate limiter capacity, please try to split your request";
      throw new QdrantFault(429, `Rate limiting exceeded: ${label} rate limit exceeded, ${advice}`);
    }
    if (bucket.tokens < cost) {
      const seconds = Math.ceil(((cost - bucket.tokens) * 60) / capacity);
      const found = `Operation requires ${cost} tokens but only ${bucket.tokens.toFixed(1)} were available`;
      const message = `Rate limiting exceeded: ${label} rate limit exceeded: ${found}. Retry after ${seconds}s`;
      throw new QdrantFault(429, message, { "retry-after": String(seconds) });
    }
    // A write is recorded to cost its points twice, without being refused for the second time.
    bucket.tokens = Math.max(0, bucket.tokens - (kind === "write" ? 2 * cost : cost));
  }

  #bucket(collection: Collection, kind: keyof typeof names, capacity: number): Bucket {
    const buckets = this.#buckets.get(collection) ?? {};
    this.#buckets.set(collection, buckets);
    const now = this.#now();
    const bucket = buckets[kind];
    if (bucket === undefined || bucket.capacity !== capacity) {
      const full: Bucket = { capacity, tokens: capacity, filledAtMs: now };
      buckets[kind] = full;
      return full;
    }
    bucket.tokens = Math.min(capacity, bucket.tokens + ((now - bucket.filledAtMs) * capacity) / 60_000);
    bucket.filledAtMs = now;
    return bucket;
  }
}
