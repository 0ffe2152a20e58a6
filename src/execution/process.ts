// On one machine an execution is a process: its lock is good as long as that very process lives.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { ConfigError } from "../migration/errors.ts";
import type { Executions } from "../migration/ports.ts";

/** `process-<pid>-<start>-<random>`: who runs, in a lock. Every call names another execution. */
export function ownerOfThisProcess(): string {
  return `process-${process.pid}-${startOf(process.pid) ?? UNKNOWN_START}-${randomUUID()}`;
}

/** Looks at the processes of this machine. */
export function openProcessExecutions(): Executions {
  return { isOpen: async (owner) => isAlive(parseOwner(owner)) };
}

interface Owner {
  readonly pid: number;
  /** See `startOf`; `0` where the system does not tell. */
  readonly start: string;
}

const UNKNOWN_START = "0";

function parseOwner(owner: string): Owner {
  const [, pid, start] = /^process-(\d+)-([\da-z]+)-/.exec(owner) ?? [];
  if (pid === undefined || start === undefined)
    throw new ConfigError(
      `The lock's owner ${owner} is no process of this machine; this ledger is used from elsewhere too. Stop that run there, or give this one a ledger of its own.`,
    );
  return { pid: Number(pid), start };
}

function isAlive({ pid, start }: Owner): boolean {
  const found = startOf(pid);
  // Numbers of processes are used again: the same number with another start is somebody else.
  if (found !== null) return start === UNKNOWN_START || found === start;
  return !hasProcessTable() && canBeSignalled(pid);
}

/**
 * When a process began, `<boot>t<ticks since boot>`; null when there is none, or no table of processes to read.
 * A dead child whose parent has not asked for its end counts as none.
 */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name of the program is in brackets and may hold anything, blanks and brackets too; `man 5 proc`.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, start] = [fields[0], fields[19]];
    return state === "Z" || state === "X" || start === undefined ? null : `${bootOf()}t${start}`;
  } catch {
    return null;
  }
}

/** Ticks start again with every boot; eight digits of its id tell the boots apart. */
const bootOf = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8);

const hasProcessTable = (): boolean => startOf(process.pid) !== null;

function canBeSignalled(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is a process.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
