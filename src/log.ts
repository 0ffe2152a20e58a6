import type { Clock, Log } from "./migration/ports.ts";

/** Writes one JSON line an event: `{"at": ISO time, "event": name, …fields}`. */
export function openLog(clock: Clock, write: (line: string) => void): Log {
  return (event, fields) =>
    write(`${JSON.stringify({ at: new Date(clock.now()).toISOString(), event, ...fields }, spelled)}\n`);
}

// Counts and ids of the server may be beyond 2^53 and arrive as bigint whatever their type says;
// JSON.stringify alone throws on them.
const spelled = (_key: string, value: unknown): unknown =>
  typeof value === "bigint" ? String(value) : value;
