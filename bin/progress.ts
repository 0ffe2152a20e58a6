// One line with everything a person needs: rewritten on a terminal, plain lines elsewhere.
import type { MachineWatch } from "../local/machine.ts";
import type { Run } from "../src/migration/run.ts";
import type { Status } from "../src/migration/status.ts";

const LOOK_MS = { terminal: 250, plain: 5_000 } as const;
const BAR_WIDTH = 24;

export class ProgressLine {
  readonly watch: MachineWatch;
  readonly #out: NodeJS.WriteStream;
  readonly #read: (collection: string) => Promise<Status>;
  readonly #timer: NodeJS.Timeout;
  #run: Run | null = null;
  #busy = false;
  #shown = "";

  constructor(out: NodeJS.WriteStream, read: (collection: string) => Promise<Status>) {
    this.#out = out;
    this.#read = read;
    this.watch = {
      onRun: (run) => {
        this.#run = run;
      },
      onOutcome: () => {
        this.#run = null;
      },
    };
    this.#timer = setInterval(() => this.#look(), out.isTTY ? LOOK_MS.terminal : LOOK_MS.plain);
  }

  end(): void {
    clearInterval(this.#timer);
    if (this.#out.isTTY && this.#shown !== "") this.#out.write("\r\x1b[K");
    this.#shown = "";
  }

  [Symbol.dispose](): void {
    this.end();
  }

  #look(): void {
    if (this.#run === null || this.#run.migration === null || this.#busy) return;
    this.#busy = true;
    this.#read(this.#run.collection)
      // A look that fails is no news: the run itself says what is wrong.
      .then(
        (status) => this.#show(lineOf(status)),
        () => {},
      )
      .finally(() => {
        this.#busy = false;
      });
  }

  #show(line: string): void {
    if (this.#run === null || line === this.#shown) return;
    this.#out.write(this.#out.isTTY ? `\r\x1b[K${line.slice(0, this.#out.columns - 1)}` : `${line}\n`);
    this.#shown = line;
  }
}

export function lineOf(status: Status): string {
  const share = status.total === 0 ? 1 : Math.min(1, status.done / status.total);
  const filled = Math.round(share * BAR_WIDTH);
  const bar = "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled);
  const { skipped, failed } = status.tally;
  const parts = [
    `${status.collection} ${bar} ${status.done}/${status.total} ${Math.floor(share * 100)} %`,
    `${skipped} skipped`,
    `${failed} failed`,
    status.rate === null ? status.phase : `${status.rate.toFixed(0)}/s`,
  ];
  if (status.secondsLeft !== null && share >= 0.01) parts.push(`ETA ${durationOf(status.secondsLeft)}`);
  if (status.paused) parts.push("paused");
  return parts.join(" · ");
}

export function durationOf(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}
