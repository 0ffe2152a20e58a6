import { isatty } from "node:tty";

export interface ProgressLine {
  show(what: string, done: number, total: number): void;
  end(): void;
}

// On a terminal a person watches; in a log a line every few seconds is enough.
const TERMINAL_MS = 100;
const LOG_MS = 5000;

/** One line that tells how far a transfer is: per cent, megabytes, rate, time to go. */
export function progressLine(stream: NodeJS.WritableStream): ProgressLine {
  const isTerminal = stream === process.stderr && isatty(2);
  let shown = 0;
  let current = { what: "", startedAt: 0, startedWith: 0 };
  return {
    show(what, done, total) {
      const now = performance.now();
      if (current.what !== what) current = { what, startedAt: now, startedWith: done };
      if (done < total && now - shown < (isTerminal ? TERMINAL_MS : LOG_MS)) return;
      shown = now;
      const rate = (done - current.startedWith) / Math.max(1, now - current.startedAt);
      stream.write(
        `${isTerminal ? "\r\x1b[K" : ""}${lineOf(what, done, total, rate)}${isTerminal ? "" : "\n"}`,
      );
    },
    end() {
      if (isTerminal) stream.write("\n");
    },
  };
}

/** @param rate bytes a millisecond. */
function lineOf(what: string, done: number, total: number, rate: number): string {
  const perCent = ((100 * done) / total).toFixed(0);
  const size = `${(done / 1e6).toFixed(1)}/${(total / 1e6).toFixed(1)} MB`;
  const toGo = rate > 0 && done < total ? `, ${Math.ceil((total - done) / rate / 1000)} s to go` : "";
  return `${what} ${perCent} % ${size}, ${(rate / 1000).toFixed(1)} MB/s${toGo}`;
}
