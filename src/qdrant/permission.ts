// What allows a write may be over when it is sent: between the caller's look and the request lie limits to be read,
// parts that were sent before, waits. A permission is used within a second, or asked for again.
import { DEFAULTS } from "../defaults.ts";
import type { WriteOptions } from "../migration/ports.ts";
import type { Ask } from "./transport.ts";

// Counted in DEFAULTS.drainSeconds.
const USED_WITHIN_MS = 1000;

export interface Permission {
  /** Right before each request: looks again when the last look is a second old. */
  readonly renew: () => Promise<void>;
  /** What a guarded request has besides. */
  readonly ask: Pick<Ask, "beforeRepeat" | "timeoutMs">;
}

/** The caller has looked right before; a write without a guard is always allowed, and waits as long as any request. */
export function permissionOf({ beforeRepeat }: WriteOptions, now = () => performance.now()): Permission {
  if (beforeRepeat === undefined) return { renew: async () => {}, ask: {} };
  let lookedAt = now();
  const look = async (): Promise<void> => {
    // Before the look: a slow answer is an old one.
    const askedAt = now();
    await beforeRepeat();
    lookedAt = askedAt;
  };
  return {
    renew: async () => {
      if (now() - lookedAt > USED_WITHIN_MS) await look();
    },
    ask: { beforeRepeat: look, timeoutMs: DEFAULTS.writeSecondsMax * 1000 },
  };
}
